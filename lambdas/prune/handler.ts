import type { Context } from 'aws-lambda';
import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import { decodeFunctionSettings } from '../../core/model/function-settings.ts';
import { decodeRetention } from '../../core/model/retention-settings.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { invocationError } from '../runtime/invocation-error.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { openFunctionStore } from '../runtime/open-function-store.ts';
import type { PruneAnswer } from './answer.ts';
import { prune } from './prune.ts';

const settings = decodeFunctionSettings(process.env, 'store', 'eventBus');
const log = createLogger('prune');
const metrics = createMetrics('prune');
const deps = {
  retention: decodeRetention(process.env),
  store: openFunctionStore(settings.store),
  sink: new EventBridgeSink({ name: settings.eventBus }),
  now: () => new Date(),
  log,
  count: metrics.count,
};

export async function handler(input: unknown, context: Context): Promise<PruneAnswer> {
  log.addContext(context);
  const worker = { host: context.functionName, pid: process.pid, toolVersion: packageJson.version };
  try {
    return await prune(input, { ...deps, worker, remainingMs: context.getRemainingTimeInMillis() });
  } catch (error) {
    throw invocationError(error);
  } finally {
    metrics.publish();
  }
}
