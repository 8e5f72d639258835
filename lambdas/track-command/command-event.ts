import { z } from 'zod';
import { utcTimeSchema } from '../../core/model/timestamp.ts';

/** "EC2 Command Invocation Status-change Notification" of Systems Manager. It tells neither parameters nor exit code. */
export const commandEventSchema = z.object({
  source: z.literal('aws.ssm'),
  'detail-type': z.literal('EC2 Command Invocation Status-change Notification'),
  time: utcTimeSchema,
  detail: z.object({
    'command-id': z.string().min(1),
    'document-name': z.string().min(1),
    'instance-id': z.string().min(1),
    status: z.string().min(1),
  }),
});

/** Those of an invocation that has ended, and not well. Events tell the coarse ones; the details are told by the service. */
const FAILED = new Set([
  'Failed',
  'TimedOut',
  'ExecutionTimedOut',
  'DeliveryTimedOut',
  'Undeliverable',
  'Terminated',
  'Cancelled',
  'Canceled',
  'InvalidPlatform',
  'AccessDenied',
]);

export function isFailure(status: string): boolean {
  return FAILED.has(withoutSpaces(status));
}

/** Some places of the service write "Delivery Timed Out", others "DeliveryTimedOut". */
export function withoutSpaces(status: string): string {
  return status.replaceAll(' ', '');
}
