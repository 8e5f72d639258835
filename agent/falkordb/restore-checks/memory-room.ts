import type { Database } from '../database.ts';
import type { ServerInfo } from '../server-info.ts';
import { type Findings, inMebibytes, merge, NOTHING, note, type RestoreSubject, refuse } from './findings.ts';
import { readMemoryLimit } from './memory-limit.ts';

/** `used_memory` of a FalkorDB 4.16.3 without data, rounded down: it is in both figures, and there is one server only. */
const BARE_SERVER_BYTES = 2_500_000;

export interface MemoryFacts {
  /** `used_memory` of the server that wrote the backup. */
  backupBytes: number;
  /** `used_memory` now. */
  usedBytes: number;
  /** 0 where there is no such limit. */
  maxMemoryBytes: number;
  maxMemoryPolicy: string;
  systemBytes: number;
  /** Of its container; Infinity where there is none, undefined where that cannot be told. */
  limitBytes: number | undefined;
}

export async function checkMemory(db: Database, info: ServerInfo, subject: RestoreSubject): Promise<Findings> {
  if (subject.usedMemoryBytes === null) {
    return note(
      `It is not known how much memory ${subject.name} takes once loaded: whether FalkorDB at ${db.name} has room for it beside its present data was not checked.`,
    );
  }
  return memoryFindings(db.name, subject.name, {
    backupBytes: subject.usedMemoryBytes,
    usedBytes: info.usedMemoryBytes,
    maxMemoryBytes: info.maxMemoryBytes,
    maxMemoryPolicy: info.maxMemoryPolicy,
    systemBytes: info.systemMemoryBytes,
    limitBytes: await readMemoryLimit(info.processId),
  });
}

export function memoryFindings(server: string, name: string, facts: MemoryFacts): Findings {
  return merge([sideBySide(server, name, facts), withinMaxMemory(server, name, facts)]);
}

/** FalkorDB frees its old graphs in the background while it loads the new ones. */
function sideBySide(server: string, name: string, facts: MemoryFacts): Findings {
  const newBytes = Math.max(0, facts.backupBytes - BARE_SERVER_BYTES);
  const needed = facts.usedBytes + newBytes;
  const host = facts.systemBytes || Number.POSITIVE_INFINITY;
  const limit = facts.limitBytes ?? Number.POSITIVE_INFINITY;
  if (needed > Math.min(host, limit)) {
    return refuse(
      'no-room',
      `FalkorDB at ${server} would need ${inMebibytes(needed)} of memory for a while, ${inMebibytes(newBytes)} for ${name} beside its present ${inMebibytes(facts.usedBytes)}; its ${limit < host ? 'container' : 'host'} has ${inMebibytes(Math.min(host, limit))}.`,
      'Give it more memory, or fetch the file and start an empty server from it.',
    );
  }
  if (facts.limitBytes !== undefined) return NOTHING;
  return note(
    `Whether a container limits the memory of FalkorDB at ${server} cannot be seen from here: it needs ${inMebibytes(needed)} for a while.`,
  );
}

/** A replica ignores it (`replica-ignore-maxmemory`); it counts from the moment the server is a master again. */
function withinMaxMemory(server: string, name: string, facts: MemoryFacts): Findings {
  if (facts.maxMemoryBytes === 0 || facts.backupBytes <= facts.maxMemoryBytes) return NOTHING;
  const effect = facts.maxMemoryPolicy.startsWith('allkeys') ? 'throw graphs away' : 'refuse all writes';
  return refuse(
    'no-room',
    `${name} takes ${inMebibytes(facts.backupBytes)} of memory; FalkorDB at ${server} has a maxmemory of ${inMebibytes(facts.maxMemoryBytes)} with the policy ${facts.maxMemoryPolicy}, and would ${effect} after the restore.`,
    `Raise it (CONFIG SET maxmemory ${facts.backupBytes} at least), or fetch the file and start a larger server from it.`,
  );
}
