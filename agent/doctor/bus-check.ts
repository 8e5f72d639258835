import { EventBridgeSink } from '../../core/alerts/event-bridge.ts';
import type { Config } from '../config.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'event bus';

/** Tells nobody anything, and so cannot tell whether anybody would hear it. */
export async function checkEventBus({ eventBus }: Config, isExpected: boolean): Promise<Finding[]> {
  if (!eventBus) return isExpected ? [noBus()] : [];
  const sink = new EventBridgeSink(eventBus);
  try {
    await sink.probe();
    return [
      ok(
        CHECK,
        `there are credentials for ${sink.name}, and EventBridge answers; only "falkordb-backup notify --test" shows whether events arrive`,
      ),
    ];
  } catch (error) {
    return [problem(CHECK, error)];
  }
}

function noBus(): Finding {
  return warning(
    CHECK,
    'BACKUP_EVENT_BUS is not set: the topic and the webhooks of the functions hear nothing of what this agent does',
    'Set BACKUP_EVENT_BUS to the bus of the functions ("default" unless another was chosen).',
  );
}
