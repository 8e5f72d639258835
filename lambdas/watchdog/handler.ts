import type { Context } from 'aws-lambda';
import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import { decodeFunctionSettings } from '../../core/model/function-settings.ts';
import { invocationError } from '../runtime/invocation-error.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { openFunctionStore } from '../runtime/open-function-store.ts';
import { type WatchdogAnswer, watchdog } from './watchdog.ts';

const settings = decodeFunctionSettings(process.env, 'store', 'eventBus');
const log = createLogger('watchdog');
const metrics = createMetrics('watchdog', process.env.AWS_LAMBDA_FUNCTION_NAME);
const deps = {
  store: openFunctionStore(settings.store),
  sink: new EventBridgeSink({ name: settings.eventBus }),
  now: () => new Date(),
  log,
  gauge: metrics.gauge,
};

export async function handler(input: unknown, context: Context): Promise<WatchdogAnswer> {
  log.addContext(context);
  try {
    return await watchdog(input, { ...deps, remainingMs: () => context.getRemainingTimeInMillis() });
  } catch (error) {
    throw invocationError(error);
  } finally {
    metrics.publish();
  }
}
