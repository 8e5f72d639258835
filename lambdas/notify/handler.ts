import type { Context } from 'aws-lambda';
import { onlyTypes } from '../../core/alerts/only-types.ts';
import { SnsSink } from '../../core/alerts/sns-sink.ts';
import { NOTICED_BY_DEFAULT } from '../../core/model/events.ts';
import { decodeFunctionSettings } from '../../core/model/function-settings.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { invocationError } from '../runtime/invocation-error.ts';
import { createLogger } from '../runtime/logger.ts';
import { openFunctionStore } from '../runtime/open-function-store.ts';
import { AwsParameters } from '../ssm/aws-parameters.ts';
import { commandsFor } from './commands.ts';
import { keptFor } from './kept-for.ts';
import { findLastGood } from './last-good.ts';
import { toMessage } from './message.ts';
import { type NotifyAnswer, notify } from './notify.ts';
import { ToldBefore } from './told-before.ts';
import { webhooksOf } from './webhooks.ts';

const WEBHOOKS_KEPT_MS = 5 * 60_000;

const settings = decodeFunctionSettings(
  process.env,
  'store',
  'topicArn',
  'webhooksParameter',
  'allowPrivateWebhooks',
  'startBackupFunction',
  'restoreFunction',
);
const functions = { ...settings, region: process.env.AWS_REGION };
const store = openFunctionStore(settings.store);
const log = createLogger('notify');
const { webhooksParameter } = settings;
const webhookSettings = {
  allowPrivateAddresses: settings.allowPrivateWebhooks,
  userAgent: `${packageJson.name}/${packageJson.version}`,
};
const parameters = new AwsParameters();

const topic = new SnsSink(settings.topicArn, async (event) => {
  const now = new Date();
  const lastGood = await findLastGood(store, event.detail.target, now);
  return toMessage(event, { lastGood, commands: commandsFor(event, functions, now) });
});
const deps = {
  topic: onlyTypes(NOTICED_BY_DEFAULT, topic),
  webhooks:
    webhooksParameter === undefined
      ? async () => []
      : keptFor(WEBHOOKS_KEPT_MS, async () =>
          webhooksOf(await parameters.read(webhooksParameter), webhooksParameter, webhookSettings),
        ),
  toldBefore: new ToldBefore(),
  log,
};

export async function handler(input: unknown, context: Context): Promise<NotifyAnswer> {
  log.addContext(context);
  try {
    return await notify(input, deps);
  } catch (error) {
    throw invocationError(error);
  }
}
