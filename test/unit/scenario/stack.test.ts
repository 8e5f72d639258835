import { describe, expect, test } from 'vitest';
import { ACCOUNT, REGION, Stack } from '../../scenario/support/stack.ts';

const bucket = { Type: 'AWS::S3::Bucket' };
const evaluated = (Value: unknown, names = {}) =>
  new Stack(
    {
      Resources: {
        Bucket: bucket,
        Topic: { Type: 'AWS::SNS::Topic' },
        Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: { 'Fn::Sub': `role-of-\${Bucket}` } } },
        Odd: { Type: 'AWS::Odd::Thing' },
        Asked: { Type: 'Asked', Properties: { Value } },
      },
    },
    names,
  ).only('Asked').properties.Value;

describe('a value of a template', () => {
  test.each<[unknown, unknown]>([
    ['text', 'text'],
    [{ Ref: 'Bucket' }, 'stack-Bucket'],
    [{ Ref: 'Topic' }, `arn:aws:sns:${REGION}:${ACCOUNT}:stack-Topic`],
    [{ Ref: 'Role' }, 'role-of-stack-Bucket'],
    [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'arn:aws:s3:::stack-Bucket'],
    [{ 'Fn::GetAtt': ['Topic', 'TopicName'] }, 'stack-Topic'],
    [{ 'Fn::Join': [':', ['arn', { Ref: 'AWS::Partition' }, { Ref: 'AWS::Region' }]] }, `arn:aws:${REGION}`],
    [{ 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    [
      { 'Fn::Sub': `\${AWS::AccountId} \${Bucket.Arn} \${!Literal}` },
      `${ACCOUNT} arn:aws:s3:::stack-Bucket \${Literal}`,
    ],
    [{ a: [{ Ref: 'AWS::NoValue' }, 1], b: { Ref: 'AWS::NoValue' } }, { a: [1] }],
  ])('%j is %j', (value, expected) => expect(evaluated(value)).toEqual(expected));

  test('takes the name that it is given for a type', () =>
    expect(evaluated({ 'Fn::GetAtt': ['Bucket', 'Arn'] }, { 'AWS::S3::Bucket': 'mine' })).toBe('arn:aws:s3:::mine'));

  test.each<[unknown]>([
    [{ Ref: 'Nobody' }],
    [{ Ref: 'Odd' }],
    [{ 'Fn::GetAtt': ['Bucket', 'DomainUrl'] }],
    [{ 'Fn::ImportValue': 'x' }],
    [{ 'Fn::If': ['a', 'b', 'c'] }],
    [{ 'Fn::Sub': [`\${a}`, { a: 'b' }] }],
    [{ Ref: 'Bucket', 'Fn::Join': ['', []] }],
  ])('%j is not understood', (value) => expect(() => evaluated(value)).toThrow());
});

describe('a look for a resource', () => {
  const stack = new Stack({ Resources: { A: bucket, B: bucket } });
  test('finds the one that is meant', () => {
    expect(stack.only('AWS::S3::Bucket', ({ logicalId }) => logicalId === 'B').arn).toBe('arn:aws:s3:::stack-B');
  });
  test('fails where there are several, or none', () => {
    expect(() => stack.only('AWS::S3::Bucket')).toThrow('several');
    expect(() => stack.only('AWS::SNS::Topic')).toThrow('no such');
  });
});
