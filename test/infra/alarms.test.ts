import { readFile } from 'node:fs/promises';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FalkorDbBackup } from '../../infra/index.ts';
import { createMetrics } from '../../lambdas/runtime/metrics.ts';
import { newApp, synthesize } from './support/synthesize.ts';

const stack = synthesize();
const alarms = stack.all('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);

describe('the alarms', () => {
  it('are told to the topic, once there is one of something', () => {
    expect(alarms).toHaveLength(2);
    for (const alarm of alarms)
      expect(alarm).toMatchObject({
        AlarmActions: ['<AlertsTopic>'],
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      });
  });

  it('have each an entry in docs/alarms.md, which it leads to, and no entry is of none', async () => {
    const [, onAws = ''] = (await readFile('docs/alarms.md', 'utf8')).split(/^## On AWS$/m);
    const headings = [...onAws.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
    const names = alarms.map(({ AlarmName }) => AlarmName.replace('Stack-Backup-', ''));
    expect(names.toSorted()).toEqual(headings.toSorted());
    for (const { AlarmName, AlarmDescription } of alarms) {
      const name = AlarmName.replace('Stack-Backup-', '');
      expect(AlarmDescription).toMatch(new RegExp(`What to do: docs/alarms\\.md#${name.toLowerCase()}$`));
      expect(onAws).toContain(`| [${name}](#${name.toLowerCase()}) |`);
    }
    for (const entry of onAws.split(/^### /m).slice(1))
      for (const part of ['Description', 'Investigation', 'Resolution']) expect(entry).toContain(`**${part}.**`);
  });

  it('have names of their own, in each stack and for each construct in it', () => {
    const app = newApp();
    const namesIn = (stack: Stack) =>
      Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(
        ({ Properties }) => Properties.AlarmName,
      );
    const stacks = ['Prod', 'Test'].map((name) => new Stack(app, name));
    for (const each of stacks) for (const id of ['One', 'Two']) new FalkorDbBackup(each, id, { targets: ['shop'] });
    const names = stacks.flatMap(namesIn);
    expect(names).toEqual(expect.arrayContaining(['Prod-One-Overdue', 'Test-Two-DeadLetters']));
    expect(new Set(names).size).toBe(8);
  });
});

describe('the alarm on the dead-letter queue', () => {
  it('rings for a single message, and not where nothing was ever sent there', () => {
    expect(stack.named('DeadLettersAlarm').Properties).toMatchObject({
      AlarmName: 'Stack-Backup-DeadLetters',
      Namespace: 'AWS/SQS',
      MetricName: 'NumberOfMessagesSent',
      Dimensions: [{ Name: 'QueueName', Value: '<DeadLettersQueue.QueueName>' }],
      Statistic: 'Sum',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });
});

describe('the alarm on what is overdue', () => {
  const alarm = stack.named('OverdueAlarm').Properties;
  let written: string[];
  beforeEach(() => {
    written = [];
    // To the console that can be listened to; by itself that would write no metrics.
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    vi.spyOn(console, 'log').mockImplementation((line: string) => {
      written.push(line);
    });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('rings where three looks in a row found something, or did not take place', () => {
    expect(alarm).toMatchObject({
      AlarmName: 'Stack-Backup-Overdue',
      Statistic: 'Maximum',
      Period: 900,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
    // All of them, where it does not say how many.
    expect(alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods).toBe(3);
  });

  it('listens for the very metric that the watchdog writes', () => {
    const { gauge, publish } = createMetrics('watchdog', '<FunctionsWatchdog>');
    gauge('Overdue', 2);
    publish();
    const [line = '', ...others] = written;
    expect(others).toEqual([]);
    const { _aws, ...values } = JSON.parse(line);
    const [{ Namespace, Dimensions, Metrics }] = _aws.CloudWatchMetrics;
    expect(Metrics).toEqual([{ Name: alarm.MetricName, Unit: 'Count' }]);
    expect(Namespace).toBe(alarm.Namespace);
    const said = Dimensions.map((names: string[]) => Object.fromEntries(names.map((name) => [name, values[name]])));
    const heard = alarm.Dimensions.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]);
    expect(said).toEqual([Object.fromEntries(heard)]);
  });

  it('listens as often as the watchdog looks', () => {
    const { ScheduleExpression } = stack.named('Scheduleswatchdog').Properties;
    expect(ScheduleExpression).toBe('cron(0,15,30,45 * * * ? *)');
    expect(alarm.Period).toBe(15 * 60);
  });
});
