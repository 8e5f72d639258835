import { beforeEach, describe, expect, test } from 'vitest';
import { Access } from '../../scenario/support/access.ts';
import { ParameterStoreStandIn } from '../../scenario/support/parameter-store.ts';
import { ACCOUNT, REGION } from '../../scenario/support/stack.ts';
import { parseStatement } from '../../support/iam.ts';

describe('a parameter', () => {
  let store: ParameterStoreStandIn;
  beforeEach(() => {
    const Resource = `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/a/b`;
    const access = new Access();
    access.addCaller('notify', [parseStatement({ Effect: 'Allow', Action: 'ssm:GetParameter', Resource })], 'notify');
    store = new ParameterStoreStandIn(access);
    store.secureStrings.set('/a/b', 'value').set('/a/c', 'value');
  });
  const get = (input: object) => store.operations['AmazonSSM.GetParameter']?.(input, 'notify');

  test('is what was kept, for whoever asks to have it decrypted', () => {
    expect(get({ Name: '/a/b', WithDecryption: true })).toMatchObject({ Parameter: { Value: 'value' } });
    expect(get({ Name: '/a/b' })).not.toMatchObject({ Parameter: { Value: 'value' } });
  });
  test('is not found where there is none', () => {
    store.secureStrings.clear();
    expect(() => get({ Name: '/a/b' })).toThrow(expect.objectContaining({ type: 'ParameterNotFound' }));
  });
  test('is denied to whoever has a right on another', () =>
    expect(() => get({ Name: '/a/c' })).toThrow(expect.objectContaining({ type: 'AccessDeniedException' })));
  test('is not understood with what ours never ask', () =>
    expect(() => get({ Name: '/a/b', Versions: 1 })).toThrow('Versions'));
});
