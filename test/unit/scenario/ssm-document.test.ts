import { describe, expect, test } from 'vitest';
import { bindParameters, documentSchema, InvalidParameters } from '../../scenario/support/ssm-document.ts';

const step = {
  action: 'aws:runShellScript',
  name: 'agent',
  inputs: { timeoutSeconds: '60', runCommand: ['echo "$SSM_Target"'] },
};
const content = {
  schemaVersion: '2.2',
  parameters: {
    Target: { type: 'String', allowedPattern: '^[a-z]+$', maxChars: 8, interpolationType: 'ENV_VAR' },
    Tier: { type: 'String', default: '', interpolationType: 'ENV_VAR' },
  },
  mainSteps: [step],
};
const document = documentSchema.parse(content);

describe('the parameters of a command', () => {
  test('are in the environment of its script, with their defaults', () =>
    expect(bindParameters(document, { Target: ['shop'] })).toEqual({ SSM_Target: 'shop', SSM_Tier: '' }));
  test('may end in a newline that the pattern does not name', () =>
    expect(bindParameters(document, { Target: ['shop\n'] })).toMatchObject({ SSM_Target: 'shop\n' }));
  test.each<[string, Record<string, string[]>]>([
    ['one is missing', { Tier: ['daily'] }],
    ['one is not in the document', { Target: ['shop'], Commands: ['id'] }],
    ['one is a list', { Target: ['shop', 'other'] }],
    ['one does not match its pattern', { Target: ['Shop'] }],
    ['one goes on after a newline', { Target: ['shop\nid'] }],
    ['one is too long', { Target: ['abcdefghi'] }],
  ])('are refused where %s', (_, given) => expect(() => bindParameters(document, given)).toThrow(InvalidParameters));
});

describe('a document', () => {
  const target = content.parameters.Target;
  test.each<[string, object]>([
    ['another schema version', { schemaVersion: '0.3' }],
    [
      'a parameter that would be put into the text',
      { parameters: { Target: { ...target, interpolationType: undefined } } },
    ],
    ['a list as a parameter', { parameters: { Target: { ...target, type: 'StringList' } } }],
    [
      'text that parameters are put into',
      { mainSteps: [{ ...step, inputs: { ...step.inputs, runCommand: ['{{ Target }}'] } }] },
    ],
    ['another action', { mainSteps: [{ ...step, action: 'aws:runPowerShellScript' }] }],
    ['no step', { mainSteps: [] }],
    ['an element that is not known', { outputs: [] }],
  ])('is not understood with %s', (_, change) =>
    expect(documentSchema.safeParse({ ...content, ...change }).success).toBe(false),
  );
});
