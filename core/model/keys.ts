import { type BackupIdParts, formatBackupId, parseBackupId } from './backup-id.ts';
import type { Tier } from './tiers.ts';

/*
 * The layout of a store. The tier comes first, so that lifecycle rules can filter by prefix; a run's bytes lie under
 * its run id, so that neither a retry nor a process that woke up late can write over another run's bytes.
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

export function dumpKey(parts: BackupIdParts, runId: string, extension: string): string {
  return `${backupPrefix(parts)}${runId}/dump${extension}`;
}

export function stateKey(parts: BackupIdParts, runId: string): string {
  return `${backupPrefix(parts)}${runId}/state.json`;
}

export function leaseKey(target: string): string {
  return `locks/${target}.json`;
}

/** An object that may be overwritten at will: to see what the store allows and keeps to. */
export function probeKey(target: string): string {
  return `locks/${target}.probe.json`;
}

export function runsPrefix(target: string): string {
  return `runs/${target}/`;
}

export function runKey(target: string, runId: string, record: string): string {
  return `${runsPrefix(target)}${runId}/${record}.json`;
}

/** The backup whose manifest lies under `key`; undefined for any other key, also where its parts contradict each other. */
export function parseManifestKey(key: string): BackupIdParts | undefined {
  const parts = parseBackupId(key.split('/')[2] ?? '');
  return parts && manifestKey(parts) === key ? parts : undefined;
}
