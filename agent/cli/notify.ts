import type { Command } from 'commander';
import { BackupError, EXIT_CODES } from '../../core/model/errors.ts';
import { type Delivery, sendTestNotice } from '../notify.ts';
import { openNoticeSinks } from '../telling.ts';
import type { Cli } from './cli.ts';
import { operator } from './operator.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';

/** Somebody waits for it. */
const WEBHOOK_TIMEOUT_MS = 10_000;

export function notifyCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Send a test notice to the event bus and to every webhook, and say what came of it')
      .requiredOption('--test', 'send a test notice'),
    'events',
  )
    .addHelpText(
      'after',
      `
The notice is a "Test Notice", whatever BACKUP_NOTICES says. The heartbeat (BACKUP_HEARTBEAT_URL) is not pinged: only a
backup may do that. Exits with ${EXIT_CODES.notDelivered} where one was not delivered.

Examples:
  $ falkordb-backup notify --test
  $ falkordb-backup notify --test --target graphiti-prod --json`,
    )
    .action(() =>
      inSession(cli, command, async ({ config, runId, now }) => {
        const sinks = openNoticeSinks(config, { totalTimeoutMs: WEBHOOK_TIMEOUT_MS });
        if (sinks.length === 0) throw noSinks();
        const { target } = config;
        const sent = await sendTestNotice(sinks, { target, occasion: runId, askedBy: operator(), now: now() });
        return answer(target, sent);
      }),
    );
}

function answer(target: string, { eventId, deliveries }: Awaited<ReturnType<typeof sendTestNotice>>): Answer {
  const failed = deliveries.filter(({ error }) => error).length;
  return {
    json: {
      status: failed > 0 ? 'not-delivered' : 'delivered',
      target,
      eventId,
      failed,
      sinks: deliveries.map(toJson),
    },
    text: [...deliveries.map(toText), `${deliveries.length - failed} delivered, ${failed} failed.`].join('\n'),
    exitCode: failed > 0 ? EXIT_CODES.notDelivered : EXIT_CODES.success,
  };
}

function toJson({ sink, error }: Delivery): unknown {
  if (!error) return { sink, status: 'delivered', error: null };
  const { code, message, hint, retryable } = error;
  return { sink, status: 'failed', error: { code, message, hint: hint ?? null, retryable } };
}

function toText({ sink, error }: Delivery): string {
  if (!error) return `delivered  ${sink}`;
  return [`FAILED     ${sink}`, `  ${error.message}`, ...(error.hint ? [`  hint: ${error.hint}`] : [])].join('\n');
}

function noSinks(): BackupError {
  return new BackupError('invalid-settings', 'Nobody is told anything: there is no event bus and no webhook.', {
    hint: 'Set BACKUP_WEBHOOK_URL (docs/webhooks.md), or BACKUP_EVENT_BUS.',
  });
}
