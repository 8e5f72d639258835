import { describe, expect, it } from 'vitest';
import { settingFindings } from '../../../../../agent/falkordb/restore-checks/replica-settings.ts';

const DEFAULTS = {
  'replica-read-only': 'yes',
  'replica-serve-stale-data': 'yes',
  'repl-diskless-load': 'disabled',
  'tls-replication': 'no',
};

function refusals(settings: Record<string, string>, replicationTls = false) {
  return settingFindings('redis://server:6379', new Map(Object.entries(settings)), replicationTls).refusals;
}

// The binaries of npm are built without TLS; the other settings are tried on real servers in test/integration.
describe('settingFindings', () => {
  it('takes the defaults, and a server that does not tell', () => {
    expect(refusals(DEFAULTS)).toEqual([]);
    expect(refusals({})).toEqual([]);
  });

  it('refuses replication by TLS only where the agent has no certificate', () => {
    const settings = { ...DEFAULTS, 'tls-replication': 'yes' };
    expect(refusals(settings)).toMatchObject([
      {
        code: 'database-unsuitable',
        message: expect.stringContaining('tls-replication yes'),
        hint: expect.stringContaining('RESTORE_TLS_CERT_FILE and RESTORE_TLS_KEY_FILE'),
      },
    ]);
    expect(refusals(settings, true)).toEqual([]);
  });

  it('names every wrong setting at once', () => {
    const settings = { 'replica-read-only': 'no', 'replica-serve-stale-data': 'no', 'repl-diskless-load': 'swapdb' };
    expect(refusals(settings)).toHaveLength(3);
  });
});
