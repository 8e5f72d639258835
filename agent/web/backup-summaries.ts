import pMap from 'p-map';
import { type BackupFolder, isStored, listFolders, readEntry, saidOf } from '../../core/catalog/catalog.ts';
import { formatBackupId, parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { BackupFacts, BackupSummary } from './api.ts';
import { BoundedMap } from './bounded-map.ts';

const PARALLEL_READS = 16;
const MAX_MANIFESTS = 20_000;
/** Graphs may be many: as characters of their names. */
const MAX_NAMES_LENGTH = 16_000_000;

interface Known {
  facts: BackupFacts;
  stored: Manifest['stored'];
  state: Manifest['state'];
}

/**
 * Backups of a store as the page shows them. A manifest never changes: each is read once, and only what is shown of it is
 * kept, so that a second look costs one listing.
 */
export class BackupSummaries {
  readonly #store: ObjectStore;
  /** Null for a tombstone. */
  readonly #known: BoundedMap<Known | null>;
  readonly #graphNames = new BoundedMap<string>(MAX_NAMES_LENGTH);

  constructor(store: ObjectStore, maxManifests = MAX_MANIFESTS) {
    this.#store = store;
    this.#known = new BoundedMap(maxManifests);
  }

  /** Those whose keys start with a prefix, in no order. @throws store-* */
  async list(prefix: string): Promise<BackupSummary[]> {
    const folders = await listFolders(this.#store, prefix);
    const read = await pMap(folders, (folder) => this.#summaryOf(folder), { concurrency: PARALLEL_READS });
    return read.filter((summary) => summary !== undefined);
  }

  /** Those with a text in their id, or in the name of one of their graphs; whatever the case. @throws store-* */
  async matching(backups: BackupSummary[], text: string): Promise<BackupSummary[]> {
    const wanted = text.toLowerCase();
    const matches = async (backup: BackupSummary) =>
      backup.backupId.toLowerCase().includes(wanted) || (await this.#namesOf(backup)).includes(wanted) ? [backup] : [];
    return (await pMap(backups, matches, { concurrency: PARALLEL_READS })).flat();
  }

  async #summaryOf(folder: BackupFolder): Promise<BackupSummary | undefined> {
    const { parts, manifest, sizes } = folder;
    const { tier, target } = parts;
    const backupId = formatBackupId(parts);
    const common = { backupId, target, tier, scheduledFor: parts.scheduledFor.toISOString(), ...saidOf(folder) };
    // Something else may come to lie there: a tombstone, once the backup is gone.
    const version = `${backupId} ${manifest.bytes} ${manifest.modifiedAt.getTime()}`;
    let known = this.#known.get(version);
    if (known === undefined) {
      const entry = await readEntry(this.#store, parts);
      if (entry && 'error' in entry.content) {
        const { message, hint = null } = entry.content.error;
        return { ...common, isStored: false, facts: null, problem: { message, hint } };
      }
      known = entry && 'manifest' in entry.content ? this.#take(entry.content.manifest) : null;
      this.#known.set(version, known);
    }
    return known ? { ...common, isStored: isStored(known, sizes), facts: known.facts, problem: null } : undefined;
  }

  #take(manifest: Manifest): Known {
    const { stored, state } = manifest;
    this.#keepNames(manifest);
    return { facts: factsOf(manifest), stored, state };
  }

  #keepNames({ backupId, graphs }: Manifest): string {
    const names = graphs.map(({ name }) => name.toLowerCase()).join('\n');
    this.#graphNames.set(backupId, names, names.length + 1);
    return names;
  }

  async #namesOf({ backupId, facts }: BackupSummary): Promise<string> {
    const names = this.#graphNames.get(backupId);
    const parts = parseBackupId(backupId);
    if (names !== undefined || !facts || !parts) return names ?? '';
    const entry = await readEntry(this.#store, parts);
    return entry && 'manifest' in entry.content ? this.#keepNames(entry.content.manifest) : '';
  }
}

function factsOf({ rdb, stored, timings, graphs, engine, runId, completedAt }: Manifest): BackupFacts {
  return {
    takenAt: rdb.createdAt,
    completedAt,
    runId,
    rdbBytes: rdb.bytes,
    storedBytes: stored.bytes,
    durationSeconds: timings.totalSeconds,
    graphs: graphs.length,
    nodes: graphs.reduce((sum, { nodes }) => sum + nodes, 0),
    edges: graphs.reduce((sum, { edges }) => sum + edges, 0),
    falkordb: engine.falkordb,
  };
}
