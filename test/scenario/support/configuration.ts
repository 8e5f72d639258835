import { TARGET } from './payloads.ts';

export const MAIL = 'oncall@example.com';
export const WEBHOOKS_PARAMETER = '/falkordb-backup/webhooks';

/** What the stack is synthesised from. */
export const CONFIGURATION = {
  targets: [TARGET, 'other'],
  // The receivers of the scenarios are on this machine.
  alerts: { emails: [MAIL], webhooksParameter: WEBHOOKS_PARAMETER, allowPrivateWebhooks: true },
};
