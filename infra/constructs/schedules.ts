import { Duration, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  type IScheduleTarget,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PruneInput, WatchdogInput } from '../../core/model/function-inputs.ts';
import { SCHEDULED_TIERS } from '../../core/model/tiers.ts';
import { COMMAND_MARGIN_SECONDS } from '../options.ts';
import type { BackupOptions, Cron } from '../props.ts';
import { shortestGapMinutes, toPlainCron, toScheduleExpression } from '../schedule-expression.ts';
import type { BackupFunctions } from './functions.ts';

const MAX_AGE_MINUTES = 60;
const RETRIES = 2;
const WATCHED_EVERY_15_MINUTES = '*/15 * * * *';

export interface SchedulesProps {
  readonly options: BackupOptions;
  readonly functions: BackupFunctions;
  readonly deadLetters: IQueue;
}

/** When which function is called with what. */
export class Schedules extends Construct {
  readonly #group: ScheduleGroup;
  readonly #role: Role;
  readonly #deadLetters: IQueue;
  readonly #timeZone: TimeZone;

  constructor(scope: Construct, id: string, { options, functions, deadLetters }: SchedulesProps) {
    super(scope, id);
    this.#deadLetters = deadLetters;
    this.#timeZone = TimeZone.of(options.timeZone);
    this.#group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.#role = this.#createRole([functions.startBackup, functions.prune, functions.watchdog]);
    for (const tier of SCHEDULED_TIERS) {
      const input = { tier, scheduledTime: ContextAttribute.scheduledTime, targets: options.targets };
      this.#schedule(tier, `${tier} backups of FalkorDB`, options.schedules[tier], functions.startBackup, input);
    }
    const input: PruneInput = { dryRun: false };
    this.#schedule('prune', 'Removes what is no longer kept', options.schedules.prune, functions.prune, input);
    const watched = watchdogInput(options);
    // An hour that comes twice, when the clocks go back, has its schedules once: the watchdog would be silent meanwhile.
    const whenever = TimeZone.ETC_UTC;
    this.#schedule(
      'watchdog',
      'Looks for what is overdue',
      WATCHED_EVERY_15_MINUTES,
      functions.watchdog,
      watched,
      whenever,
    );
  }

  #schedule(
    id: string,
    description: string,
    cron: Cron | false,
    target: IFunction,
    input: object,
    timeZone = this.#timeZone,
  ): void {
    if (cron === false) return;
    new Schedule(this, id, {
      description,
      schedule: ScheduleExpression.expression(toScheduleExpression(cron), timeZone),
      scheduleGroup: this.#group,
      target: this.#invoke(target, input, cron),
    });
  }

  /** Not CDK's own target: that one gives its role every version of the function as well. */
  #invoke(target: IFunction, input: object, cron: Cron): IScheduleTarget {
    return {
      bind: () => ({
        arn: target.functionArn,
        role: this.#role,
        input: ScheduleTargetInput.fromObject(input),
        deadLetterConfig: { arn: this.#deadLetters.queueArn },
        retryPolicy: {
          maximumRetryAttempts: RETRIES,
          // What is later than the next one is of no use. By default Scheduler tries for a day.
          maximumEventAgeInSeconds: Duration.minutes(Math.min(MAX_AGE_MINUTES, shortestGapMinutes(cron))).toSeconds(),
        },
      }),
    };
  }

  #createRole(functions: IFunction[]): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Stack.of(this).account,
            'aws:SourceArn': this.#group.scheduleGroupArn,
          },
        },
      }),
    });
    const resources = functions.map(({ functionArn }) => functionArn);
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources }));
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.#deadLetters.queueArn] }));
    return role;
  }
}

function watchdogInput({ targets, schedules, timeZone, alerts, timeoutSeconds }: BackupOptions): WatchdogInput {
  const watched = SCHEDULED_TIERS.flatMap((tier) => {
    const cron = schedules[tier];
    return cron === false ? [] : [[tier, toPlainCron(cron)]];
  });
  return {
    targets: [...targets],
    schedules: Object.fromEntries(watched),
    timeZone,
    graceMinutes: alerts.graceMinutes,
    timeoutSeconds: timeoutSeconds + COMMAND_MARGIN_SECONDS,
  };
}
