import { describe, expect, test } from 'vitest';
import { Access } from '../../scenario/support/access.ts';
import { AlarmsStandIn, datapointsIn } from '../../scenario/support/alarms.ts';
import { Stack } from '../../scenario/support/stack.ts';
import { TopicsStandIn } from '../../scenario/support/topics.ts';

const ALARM = {
  AlarmName: 'a',
  AlarmDescription: 'd',
  AlarmActions: [{ Ref: 'Topic' }],
  Namespace: 'N',
  MetricName: 'M',
  Dimensions: [
    { Name: 'service', Value: 's' },
    { Name: 'FunctionName', Value: 'f' },
  ],
  Statistic: 'Maximum',
  Period: 900,
  EvaluationPeriods: 3,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'breaching',
};
const letIn = (Service: string) => ({
  Type: 'AWS::SNS::TopicPolicy',
  Properties: {
    Topics: [{ Ref: 'Topic' }],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sns:Publish', Resource: { Ref: 'Topic' } }],
    },
  },
});
const watch = ({ alarm = {}, service = 'cloudwatch.amazonaws.com' } = {}) => {
  const stack = new Stack({
    Resources: {
      Topic: { Type: 'AWS::SNS::Topic' },
      Policy: letIn(service),
      Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { ...ALARM, ...alarm } },
    },
  });
  const access = new Access();
  const topics = new TopicsStandIn(stack, access);
  return { alarms: new AlarmsStandIn(stack, access, topics), topics };
};
const point = (value: number) => ({
  ...{ namespace: 'N', name: 'M', value },
  dimensions: { FunctionName: 'f', service: 's' },
});

describe('an alarm', () => {
  test('is told of once it begins to ring, and again after it has ended', () => {
    const { alarms, topics } = watch();
    const counts = [0, 1, 2, 0, 1].map((value) => {
      alarms.take(point(value));
      return topics.messages.length;
    });
    expect(counts).toEqual([0, 1, 1, 1, 2]);
    expect(topics.messages[0]).toMatchObject({ by: 'cloudwatch.amazonaws.com', subject: 'ALARM: "a"', text: 'd' });
  });

  test.each<[string, object]>([
    ['name', { name: 'O' }],
    ['namespace', { namespace: 'O' }],
    ['value of a dimension', { dimensions: { FunctionName: 'o', service: 's' } }],
    ['set of dimensions', { dimensions: { service: 's' } }],
  ])('does not ring for a metric of another %s', (_, change) => {
    const { alarms, topics } = watch();
    alarms.take({ ...point(1), ...change });
    expect(topics.messages).toEqual([]);
  });

  test('is refused by a topic that does not let CloudWatch in', () => {
    const { alarms } = watch({ service: 'events.amazonaws.com' });
    expect(() => alarms.take(point(1))).toThrow('not authorized');
  });

  test('is not understood with what is not known here', () => {
    expect(() => watch({ alarm: { DatapointsToAlarm: 1 } }).alarms.take(point(1))).toThrow('DatapointsToAlarm');
    expect(() => watch({ alarm: { ComparisonOperator: 'LessThanThreshold' } }).alarms.take(point(1))).toThrow(
      'GreaterThanOrEqualToThreshold',
    );
  });
});

test('a log holds the values that the embedded metric format says, and its other lines none', () => {
  const metric = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [{ Namespace: 'N', Dimensions: [['service', 'FunctionName']], Metrics: [{ Name: 'M' }] }],
    },
    ...{ service: 's', FunctionName: 'f', M: [0, 2] },
  };
  const log = ['text', '{"level":"INFO"}', JSON.stringify(metric), ''].join('\n');
  expect(datapointsIn(log)).toEqual([point(2)]);
});
