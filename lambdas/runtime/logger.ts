import { Logger } from '@aws-lambda-powertools/logger';

export type { Logger };

/** JSON lines. What belongs to one run is logged by a child, so that nothing sticks to the next invocation. */
export function createLogger(functionName: string): Logger {
  return new Logger({ serviceName: functionName });
}

export function logOfRun(log: Logger, run: { target: string; runId?: string }): Logger {
  return log.createChild({ persistentKeys: run });
}
