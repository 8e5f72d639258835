import { describe, expect, it } from 'vitest';
import { OLDEST_SSM_AGENT } from '../../../../core/model/function-settings.ts';
import { chooseInstance } from '../../../../lambdas/commands/choose-instance.ts';
import type { ManagedInstance } from '../../../../lambdas/ssm/systems-manager.ts';

const instance = (instanceId: string, facts: Partial<ManagedInstance> = {}): ManagedInstance => ({
  instanceId,
  isOnline: true,
  ssmAgentVersion: '3.3.2746.0',
  ...facts,
});

const choose = (...instances: ManagedInstance[]) => chooseInstance('shop', 'our-tag=shop', instances).instanceId;

describe('chooseInstance', () => {
  it('takes the one that is online, whatever else has the tag', () => {
    expect(choose(instance('i-1', { isOnline: false }), instance('i-2'))).toBe('i-2');
  });

  it('names the tag that nothing has', () => {
    expect(() => choose()).toThrow(
      expect.objectContaining({
        code: 'command-refused',
        retryable: false,
        message: 'No managed instance has the tag our-tag=shop: target shop cannot be reached.',
        hint: expect.stringContaining('docs/install-agent.md'),
      }),
    );
  });

  it('names those that are offline', () => {
    expect(() => choose(instance('i-2', { isOnline: false }), instance('i-1', { isOnline: false }))).toThrow(
      expect.objectContaining({
        message: 'Target shop cannot be reached: the ping status of i-1, i-2 is not Online.',
        hint: expect.stringContaining('systemctl start amazon-ssm-agent'),
      }),
    );
  });

  it('names a few of very many', () => {
    const many = Array.from({ length: 9 }, (_, index) => instance(`i-${index}`, { isOnline: false }));
    expect(() => choose(...many)).toThrow('of i-0, i-1, i-2, i-3, i-4, and 4 more is not Online');
  });

  it('refuses two that are online by name: a target is one FalkorDB', () => {
    expect(() => choose(instance('i-1'), instance('i-2', { ssmAgentVersion: '2.0.0.0' }))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/ambiguous: i-1, i-2 have the tag our-tag=shop/) }),
    );
  });

  it.each(['3.3.2745.9', '3.2.9999.0', '2.9.9999.9', '3.3.987.0', '3.3', '', 'latest', '3.3.x.0'])(
    'refuses the SSM agent %j',
    (ssmAgentVersion) => {
      expect(() => choose(instance('i-1', { ssmAgentVersion }))).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(
            `i-1 \\(target shop\\) is ${ssmAgentVersion || 'of an unknown version'}; requests need ${OLDEST_SSM_AGENT}`,
          ),
          hint: expect.stringContaining('AWS-UpdateSSMAgent'),
        }),
      );
    },
  );

  it.each(['3.3.2746.0', '3.3.2746.1', '3.3.10000.0', '3.10.0.0', '4.0.0.0', '10.0.0.0'])(
    'takes the SSM agent %s',
    (ssmAgentVersion) => {
      expect(choose(instance('i-1', { ssmAgentVersion }))).toBe('i-1');
    },
  );
});
