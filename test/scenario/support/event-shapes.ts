import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ACCOUNT, REGION } from './stack.ts';

/* What EventBridge takes and gives, by its API reference and that of CloudFormation, as far as ours goes. */

export const putEventsSchema = z.strictObject({
  Entries: z
    .array(
      z.strictObject({
        Source: z.string(),
        DetailType: z.string().max(128),
        Detail: z.string(),
        EventBusName: z.string(),
        Time: z.number().optional(),
        Resources: z.array(z.string()).optional(),
      }),
    )
    .max(10),
});

export const ruleSchema = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.string().default('default'),
  EventPattern: z.record(z.string(), z.unknown()),
  State: z.literal('ENABLED'),
  Targets: z.array(
    z.strictObject({
      Id: z.string(),
      Arn: z.string(),
      RetryPolicy: z.looseObject({}).optional(),
      DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
    }),
  ),
});

/** As a rule sees it. */
export interface BusEvent {
  source: string;
  'detail-type': string;
  detail: Record<string, unknown>;
  [field: string]: unknown;
}

export function toEvent(entry: z.infer<typeof putEventsSchema>['Entries'][number]): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': entry.DetailType,
    source: entry.Source,
    account: ACCOUNT,
    time: new Date((entry.Time ?? Date.now() / 1000) * 1000).toISOString(),
    region: REGION,
    resources: entry.Resources ?? [],
    detail: z.record(z.string(), z.unknown()).parse(JSON.parse(entry.Detail)),
  };
}
