import { Duration } from 'aws-cdk-lib';
import { Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';

/** As often as the watchdog looks. */
const PERIOD = Duration.minutes(15);

/** Says that something is overdue, and as well that nobody looks any more: the watchdog is silent where it fails. */
export class OverdueAlarm extends Construct {
  constructor(scope: Construct, id: string, { watchdog, topic }: { watchdog: IFunction; topic: ITopic }) {
    super(scope, id);
    addAlarm(this, {
      says: 'backups are overdue, or the watchdog that looks for them has not said otherwise for 45 minutes.',
      topic,
      // As lambdas/runtime/metrics.ts writes it.
      metric: new Metric({
        namespace: 'FalkorDBBackup',
        metricName: 'Overdue',
        dimensionsMap: { service: 'watchdog', FunctionName: watchdog.functionName },
        statistic: 'Maximum',
        period: PERIOD,
      }),
      // A look that comes a little late leaves one of them empty, and a slow one two.
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
