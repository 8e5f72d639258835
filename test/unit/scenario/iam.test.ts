import { describe, expect, test } from 'vitest';
import { type AccessRequest, decide, parsePolicy, parseStatement } from '../../support/iam.ts';

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/daily/*' };
const ask = (more: Partial<AccessRequest> = {}): AccessRequest => ({
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::b/daily/x',
  context: {},
  ...more,
});
const isAllowed = (statements: object[], request: AccessRequest) =>
  decide(request, { identity: statements.map(parseStatement) }).isAllowed;

describe('a decision on a request', () => {
  test.each<[string, object[], AccessRequest, boolean]>([
    ['is no where nothing is said', [], ask(), false],
    ['is yes where it is allowed', [allow], ask(), true],
    ['is no for another action', [allow], ask({ action: 's3:PutObject' }), false],
    ['is no for another resource', [allow], ask({ resource: 'arn:aws:s3:::b/weekly/x' }), false],
    ['is no for a resource that only begins like it', [{ ...allow, Resource: 'arn:aws:s3:::b' }], ask(), false],
    [
      'is no where a dot would have to be any character',
      [{ ...allow, Resource: 'arn:aws:s3:::b/daily.x' }],
      ask(),
      false,
    ],
    ['takes ? for one character', [{ ...allow, Resource: 'arn:aws:s3:::b/dail?/x' }], ask(), true],
    ['takes ? for exactly one', [{ ...allow, Resource: 'arn:aws:s3:::b/daily/x?' }], ask(), false],
    ['takes no account of the case of actions', [{ ...allow, Action: ['S3:get*'] }], ask(), true],
    ['is no where it is also denied', [allow, { ...allow, Effect: 'Deny', Action: '*' }], ask(), false],
  ])('%s', (_, statements, request, expected) => expect(isAllowed(statements, request)).toBe(expected));

  const conditioned = (Condition: object) => [{ ...allow, Condition }];
  test.each<[object, Record<string, string | undefined>, boolean]>([
    [{ StringEquals: { k: 'v' } }, { k: 'v' }, true],
    [{ StringEquals: { k: ['u', 'v'] } }, { k: 'v' }, true],
    [{ StringEquals: { k: 'v*' } }, { k: 'vv' }, false],
    [{ StringEquals: { k: 'v' } }, { k: undefined }, false],
    [{ StringLike: { k: 'v*' } }, { k: 'vv' }, true],
    [{ StringLike: { k: '*' } }, { k: undefined }, false],
    [{ StringEquals: { k: 'v', l: 'w' } }, { k: 'v', l: 'x' }, false],
    [{ Null: { k: 'true' } }, { k: undefined }, true],
    [{ Null: { k: 'true' } }, { k: '' }, false],
    [{ Null: { k: 'false' } }, { k: '' }, true],
    [{ Bool: { k: 'false' } }, { k: 'false' }, true],
    [{ Bool: { k: 'false' } }, { k: undefined }, false],
  ])('with the condition %j is, for %j, %s', (condition, context, expected) =>
    expect(isAllowed(conditioned(condition), ask({ context }))).toBe(expected),
  );

  test('counts what the resource allows to the caller, and to nobody else', () => {
    const resource = [parseStatement({ ...allow, Principal: { Service: 'events.amazonaws.com' } })];
    expect(decide(ask(), { identity: [], resource, principal: 'events.amazonaws.com' }).isAllowed).toBe(true);
    expect(decide(ask(), { identity: [], resource, principal: 'sns.amazonaws.com' }).isAllowed).toBe(false);
  });

  test('counts what the resource denies to everybody', () => {
    const resource = [parseStatement({ ...allow, Effect: 'Deny', Principal: '*' })];
    expect(decide(ask(), { identity: [parseStatement(allow)], resource }).isAllowed).toBe(false);
  });

  test.each<[string, () => unknown]>([
    ['another element', () => parseStatement({ ...allow, NotAction: 's3:*' })],
    ['another version', () => parsePolicy({ Version: '2008-10-17', Statement: [] })],
    ['another operator', () => isAllowed(conditioned({ StringNotEquals: { k: 'v' } }), ask({ context: { k: 'v' } }))],
    ['a key of which nobody has said what it is', () => isAllowed(conditioned({ Null: { k: 'true' } }), ask())],
    ['a policy variable', () => isAllowed([{ ...allow, Resource: `arn:aws:s3:::b/\${aws:username}/*` }], ask())],
  ])('is refused for %s', (_, decision) => expect(decision).toThrow(/Not understood|Invalid input/));
});
