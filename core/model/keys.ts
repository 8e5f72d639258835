import type { AlertSubject } from './alert.ts';
import { type BackupIdParts, formatBackupId, parseBackupId } from './backup-id.ts';
import { MARKS, type MarkKind } from './mark.ts';
import type { Tier } from './tiers.ts';
import { fromCompactTimestamp, toCompactTimestamp } from './timestamp.ts';
import { VERIFICATION_OUTCOMES, type VerificationOutcome } from './verification.ts';

/*
 * The layout of a store. The tier comes first, so that lifecycle rules can filter by prefix. Each attempt of a run has a
 * folder of its own for its bytes, so that neither a retry nor a process that woke up late can write over what another
 * one has stored, even where a service ignores the precondition that forbids it.
 */

/** Keys that hold one backup, `<tier>/<target>/<backup id>/…`. */
export function backupPrefix(parts: BackupIdParts): string {
  return `${parts.tier}/${parts.target}/${formatBackupId(parts)}/`;
}

export function tierPrefix(tier: Tier, target?: string): string {
  return target === undefined ? `${tier}/` : `${tier}/${target}/`;
}

export function manifestKey(parts: BackupIdParts): string {
  return `${backupPrefix(parts)}manifest.json`;
}

export interface Attempt {
  runId: string;
  /** Different each time the run is taken up: letters and digits. */
  attempt: string;
}

export function dumpKey(parts: BackupIdParts, attempt: Attempt, extension: string): string {
  return `${attemptPrefix(parts, attempt)}dump${extension}`;
}

export function stateKey(parts: BackupIdParts, attempt: Attempt): string {
  return `${attemptPrefix(parts, attempt)}state.json`;
}

function attemptPrefix(parts: BackupIdParts, { runId, attempt }: Attempt): string {
  return `${backupPrefix(parts)}${runId}.${attempt}/`;
}

/** The folder name of the attempt that an object belongs to, and its run; undefined for the manifest and its sidecars. */
export function parseAttemptKey(key: string): { folder: string; runId: string } | undefined {
  const folder = key.split('/')[3] ?? '';
  const [, runId] = /^([^.]+)\.[^.]+$/.exec(folder) ?? [];
  return runId === undefined || key.split('/').length !== 5 ? undefined : { folder, runId };
}

export function leaseKey(target: string): string {
  return `locks/${target}.json`;
}

/** An object that may be overwritten at will: to see what the store allows and keeps to. */
export function probeKey(target: string): string {
  return `locks/${target}.probe.json`;
}

/** What has been said of something that is watched: a tier, or its verifications. */
export function alertKey(target: string, subject: AlertSubject): string {
  return `alerts/${target}/${subject}.json`;
}

export function runsPrefix(target: string): string {
  return `runs/${target}/`;
}

export function runKey(target: string, runId: string, record: string): string {
  return `${runsPrefix(target)}${runId}/${record}.json`;
}

/** Of all verdicts of a run. */
export function verdictPrefix(target: string, runId: string): string {
  return `${runsPrefix(target)}${runId}/verdict-`;
}

/** The backup whose manifest lies under `key`; undefined for any other key, also where its parts contradict each other. */
export function parseManifestKey(key: string): BackupIdParts | undefined {
  const parts = parseBackupId(key.split('/')[2] ?? '');
  return parts && manifestKey(parts) === key ? parts : undefined;
}

/** Of one verification; its outcome is in the name, so that listing tells it. The time counts in whole seconds. */
export function verificationKey(parts: BackupIdParts, time: Date, outcome: VerificationOutcome): string {
  return `${verificationsPrefix(parts)}${toCompactTimestamp(time)}-${outcome}.json`;
}

/** Of all verifications of a backup. */
export function verificationsPrefix(parts: BackupIdParts): string {
  return `${backupPrefix(parts)}verified/`;
}

export interface VerificationName {
  parts: BackupIdParts;
  at: Date;
  outcome: VerificationOutcome;
}

/** Undefined for any other key. */
export function parseVerificationKey(key: string): VerificationName | undefined {
  const [, , backupId = '', , name = ''] = key.split('/');
  const parts = parseBackupId(backupId);
  const at = fromCompactTimestamp(name.slice(0, 16));
  const outcome = VERIFICATION_OUTCOMES.find((candidate) => name.slice(16) === `-${candidate}.json`);
  return parts && at && outcome && verificationKey(parts, at, outcome) === key ? { parts, at, outcome } : undefined;
}

/** Of something that a person said of a backup; what it is is in the name. The time counts in whole seconds. */
export function markKey(parts: BackupIdParts, time: Date, mark: MarkKind): string {
  return `${marksPrefix(parts)}${toCompactTimestamp(time)}-${mark}.json`;
}

export function marksPrefix(parts: BackupIdParts): string {
  return `${backupPrefix(parts)}marks/`;
}

export interface MarkName {
  parts: BackupIdParts;
  at: Date;
  mark: MarkKind;
}

/** Undefined for any other key. */
export function parseMarkKey(key: string): MarkName | undefined {
  const [, , backupId = '', , name = ''] = key.split('/');
  const parts = parseBackupId(backupId);
  const at = fromCompactTimestamp(name.slice(0, 16));
  const mark = MARKS.find((candidate) => name.slice(16) === `-${candidate}.json`);
  return parts && at && mark && markKey(parts, at, mark) === key ? { parts, at, mark } : undefined;
}
