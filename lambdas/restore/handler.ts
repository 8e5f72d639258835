import type { Context } from 'aws-lambda';
import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import { decodeFunctionSettings } from '../../core/model/function-settings.ts';
import { invocationError } from '../runtime/invocation-error.ts';
import { createLogger } from '../runtime/logger.ts';
import { openFunctionStore } from '../runtime/open-function-store.ts';
import { AwsSystemsManager } from '../ssm/aws-systems-manager.ts';
import { restore } from './restore.ts';

const settings = decodeFunctionSettings(process.env, 'store', 'document', 'eventBus', 'targetTag');
const log = createLogger('restore');
/*
 * Who invokes this function waits for a minute, and then asks again by itself. So all of it is to take less: this bounds
 * what comes once the store has been read (request-run.ts).
 */
const SSM_BOUNDS = { maxAttempts: 3, callTimeoutMs: 8000 };
const TELLING_BOUNDS = { timeoutMs: 5000 };

const deps = {
  ...settings,
  store: openFunctionStore(settings.store),
  sink: new EventBridgeSink({ name: settings.eventBus }, TELLING_BOUNDS),
  ssm: new AwsSystemsManager(SSM_BOUNDS),
  now: () => new Date(),
  log,
};

export async function handler(input: unknown, context: Context): Promise<unknown> {
  log.addContext(context);
  try {
    return await restore(input, { ...deps, remainingMs: () => context.getRemainingTimeInMillis() });
  } catch (error) {
    throw invocationError(error);
  }
}
