import { z } from 'zod';
import type { Access } from './access.ts';
import { ACCOUNT, type Stack } from './stack.ts';
import type { TopicsStandIn } from './topics.ts';

/*
 * CloudWatch: the alarms of the template, by the newest value of their metric alone. Over how many periods, and what
 * missing values mean, is for test/infra/alarms.test.ts.
 */

const SERVICE = 'cloudwatch.amazonaws.com';

const alarmSchema = z.strictObject({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.string()),
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.strictObject({ Name: z.string(), Value: z.string() })),
  Statistic: z.enum(['Maximum', 'Sum']),
  Period: z.int(),
  EvaluationPeriods: z.int(),
  Threshold: z.number(),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  TreatMissingData: z.enum(['breaching', 'notBreaching']),
});

/** A value of one metric. */
export interface Datapoint {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  value: number;
}

export class AlarmsStandIn {
  readonly #stack: Stack;
  readonly #topics: TopicsStandIn;
  readonly #ringing = new Set<string>();

  constructor(stack: Stack, access: Access, topics: TopicsStandIn) {
    this.#stack = stack;
    this.#topics = topics;
    access.addCaller(SERVICE, [], SERVICE);
  }

  /** An alarm is told of when it begins to ring. */
  take(datapoint: Datapoint): void {
    for (const { arn, properties } of this.#stack.resources('AWS::CloudWatch::Alarm')) {
      const alarm = alarmSchema.parse(properties);
      const dimensions = Object.fromEntries(alarm.Dimensions.map(({ Name, Value }) => [Name, Value]));
      if (metricId({ namespace: alarm.Namespace, name: alarm.MetricName, dimensions }) !== metricId(datapoint))
        continue;
      const isBreached = datapoint.value >= alarm.Threshold;
      if (isBreached && !this.#ringing.has(arn)) this.#tell(arn, alarm);
      if (isBreached) this.#ringing.add(arn);
      else this.#ringing.delete(arn);
    }
  }

  #tell(arn: string, { AlarmName, AlarmDescription, AlarmActions }: z.infer<typeof alarmSchema>): void {
    const message = { subject: `ALARM: "${AlarmName}"`, text: AlarmDescription, attributes: {} };
    const context = { 'aws:SourceArn': arn, 'aws:SourceAccount': ACCOUNT };
    for (const topicArn of AlarmActions) this.#topics.publish(SERVICE, topicArn, message, context);
  }
}

function metricId({ namespace, name, dimensions }: Omit<Datapoint, 'value'>): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).toSorted()]);
}

const directiveSchema = z.object({
  Namespace: z.string(),
  Dimensions: z.array(z.array(z.string())),
  Metrics: z.array(z.object({ Name: z.string() })),
});
const emfSchema = z.looseObject({ _aws: z.object({ CloudWatchMetrics: z.array(directiveSchema) }) });

/** What CloudWatch finds in a log: the embedded metric format. */
export function datapointsIn(log: string): Datapoint[] {
  const lines = log.split('\n').flatMap((line) => (line.includes('"CloudWatchMetrics"') ? [JSON.parse(line)] : []));
  return lines.flatMap((line): Datapoint[] => {
    const { _aws, ...values } = emfSchema.parse(line);
    return _aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((names) =>
        Metrics.map(({ Name: name }) => ({
          ...{ namespace, name },
          dimensions: Object.fromEntries(names.map((each) => [each, z.string().parse(values[each])])),
          value: z.number().parse([values[name]].flat().at(-1)),
        })),
      ),
    );
  });
}
