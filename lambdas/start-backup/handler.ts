import type { Context } from 'aws-lambda';
import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import { decodeFunctionSettings } from '../../core/model/function-settings.ts';
import { invocationError } from '../runtime/invocation-error.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { openFunctionStore } from '../runtime/open-function-store.ts';
import { AwsSystemsManager } from '../ssm/aws-systems-manager.ts';
import { type StartedTarget, startBackup } from './start-backup.ts';

const settings = decodeFunctionSettings(process.env, 'store', 'document', 'eventBus', 'targetTag');
const log = createLogger('start-backup');
const metrics = createMetrics('start-backup');
const deps = {
  ...settings,
  store: openFunctionStore(settings.store),
  sink: new EventBridgeSink({ name: settings.eventBus }),
  ssm: new AwsSystemsManager(),
  now: () => new Date(),
  log,
  count: metrics.count,
};

export async function handler(input: unknown, context: Context): Promise<{ targets: StartedTarget[] }> {
  log.addContext(context);
  try {
    return await startBackup(input, deps);
  } catch (error) {
    throw invocationError(error);
  } finally {
    metrics.publish();
  }
}
