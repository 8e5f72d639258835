import { createHmac } from 'node:crypto';

/** docs/webhooks.md tells receivers how to check it. The time is part of it, so that no old notice can be sent again. */
export function signature(secret: string, unixSeconds: number, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex')}`;
}
