import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { TOOL } from '../tool.ts';
import { sample } from './definitions.ts';
import { readStoreFacts } from './store-facts.ts';
import { storeSamples } from './store-samples.ts';
import { type StoreAnswer, writeTextfile } from './textfile.ts';

const STORE_TIMEOUT_MS = 30_000;
const NOT_ASKED: StoreAnswer = { samples: [], isWhole: false };

export interface ReportDeps {
  target: string;
  store: ObjectStore;
  now: () => Date;
  log: Logger;
  /** Aborted where the command was asked to stop: the store is not waited for then. */
  signal: AbortSignal;
  /** How long the store may take; 30 s by default. */
  storeTimeoutMs?: number;
}

/**
 * Runs a command, which answers with its exit code, and writes the metrics file when it has ended, also when it has failed.
 * @param path undefined where there is no such file
 * @throws what the command throws
 */
export async function reporting(
  path: string | undefined,
  verb: string,
  deps: ReportDeps,
  command: () => Promise<number>,
): Promise<void> {
  let exitCode: number | undefined;
  try {
    exitCode = await command();
  } catch (error) {
    exitCode = toBackupError(error).exitCode;
    throw error;
  } finally {
    if (path !== undefined && exitCode !== undefined) await reportCommand(path, { verb, exitCode }, deps);
  }
}

/** Writes the metrics file after a command. It never fails a command: what goes wrong is a warning. */
export async function reportCommand(
  path: string,
  { verb, exitCode }: { verb: string; exitCode: number },
  deps: ReportDeps,
): Promise<void> {
  const { target, now, log } = deps;
  try {
    const answer = await askStore(deps);
    await writeTextfile(path, { target, verb, exitCode, at: now(), version: TOOL.version }, answer);
  } catch (error) {
    log.warn({ err: error, path }, 'The metrics file could not be written');
  }
}

async function askStore({ target, store, now, log, signal, storeTimeoutMs }: ReportDeps): Promise<StoreAnswer> {
  if (signal.aborted) return NOT_ASKED;
  const answered = new AbortController();
  const until = AbortSignal.any([answered.signal, signal]);
  try {
    const facts = await Promise.race([
      readStoreFacts(store, target, now()),
      outOfTime(store.url, storeTimeoutMs ?? STORE_TIMEOUT_MS, until),
    ]);
    return { samples: storeSamples(facts), isWhole: true };
  } catch (error) {
    if (signal.aborted) return NOT_ASKED;
    log.warn({ err: error }, 'The store could not be read for the metrics file: it keeps what it had');
    return { samples: [sample('falkordb_backup_store_up', { target }, 0)], isWhole: false };
  } finally {
    answered.abort();
  }
}

async function outOfTime(url: string, ms: number, until: AbortSignal): Promise<never> {
  await setTimeout(ms, undefined, { signal: until });
  throw new BackupError('deadline', `${url} did not answer within ${ms / 1000} s.`, { retryable: true });
}
