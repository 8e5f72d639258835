import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const NAMESPACE = 'FalkorDBBackup';

export type CountName = 'CommandsSent' | 'TargetsFailed';

export type Count = (name: CountName, value: number) => void;

/**
 * `Overdue`: how many tiers and verifications, of all targets, are overdue. Its silence tells as much, so that one alarm
 * for which missing data is breaching says both that something is overdue and that nobody looks any more. It is told for
 * the whole deployment: which targets they are is said by the notices, and an age of each target's newest backup would
 * cost for each of them and yet serve no alarm, as that of a graph at rest is old by right (`skipped: unchanged`).
 */
export type GaugeName = 'Overdue';

export type Gauge = (name: GaugeName, value: number) => void;

export interface FunctionMetrics {
  count: Count;
  /** Zero is told too. */
  gauge: Gauge;
  /** At the end of an invocation, also of one that throws. */
  publish: () => void;
}

/**
 * Custom metrics cost money by the combination of dimensions: the function's name, as `service`, is the only one.
 * @param deployedAs tells two deployments in one account apart, as an alarm on what is not there has to
 */
export function createMetrics(functionName: string, deployedAs?: string): FunctionMetrics {
  const metrics = new Metrics({
    namespace: NAMESPACE,
    serviceName: functionName,
    ...(deployedAs === undefined ? {} : { defaultDimensions: { FunctionName: deployedAs } }),
  });
  return {
    gauge: (name, value) => {
      metrics.addMetric(name, MetricUnit.Count, value);
    },
    count: (name, value) => {
      if (value > 0) metrics.addMetric(name, MetricUnit.Count, value);
    },
    publish: () => {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
