import type { ComponentChildren } from 'preact';
import type { BackupAnswer } from '../../api.ts';
import { Fields } from '../parts/fields.tsx';
import { Moment } from '../parts/moment.tsx';
import { StateWords } from '../parts/state-words.tsx';
import { formatRoute } from '../state/route.ts';
import { sourceText, tookText } from '../text/manifest.ts';
import { bytesText, countOf } from '../text/numbers.ts';

type Manifest = NonNullable<BackupAnswer['manifest']>;

/** What it is, and what was checked when it was made. */
export function BackupFactList({ answer: { backup, manifest } }: { answer: BackupAnswer }): ComponentChildren {
  return (
    <>
      <section aria-labelledby="facts">
        <h3 id="facts">Facts</h3>
        <Fields
          fields={[
            ['Target', backup.target],
            ['Due', <Moment at={backup.scheduledFor} />],
            ...(manifest ? manifestFields(manifest) : []),
          ]}
        />
      </section>
      {manifest ? (
        <section aria-labelledby="checks">
          <h3 id="checks">Checks</h3>
          <ul class="checks">{checksOf(manifest, backup.isStored)}</ul>
        </section>
      ) : null}
    </>
  );
}

function manifestFields(manifest: Manifest): [string, ComponentChildren][] {
  const { rdb, stored, engine, imported, runId, completedAt, keys, server, tool } = manifest;
  const runLink = formatRoute({ view: 'logs', params: { runId, target: manifest.target } });
  return [
    ['Taken', <Moment at={rdb.createdAt} />],
    ['Completed', <Moment at={completedAt} />],
    ['Took', tookText(manifest)],
    ['Dump', `${bytesText(rdb.bytes)}, ${countOf(keys, 'key')}`],
    [
      'Stored',
      `${bytesText(stored.bytes)}, ${stored.compression === 'zstd' ? 'compressed by zstd' : 'not compressed'}`,
    ],
    ['Engine', `FalkorDB ${engine.falkordb}, Redis ${engine.redis}, RDB version ${engine.rdbVersion}`],
    ['Memory', `${bytesText(server.usedMemoryBytes)} used by FalkorDB`],
    ['Source', sourceText(manifest)],
    ['Imported', imported ? <Moment at={imported.at} /> : null],
    ['Made by', `${tool.name} ${tool.version}`],
    ['Run', <a class="id" href={runLink}>{`log of ${runId}`}</a>],
    ['Object', <span class="mono breaks">{stored.key}</span>],
    ['SHA-256', <span class="mono breaks">{rdb.sha256}</span>],
  ];
}

function checksOf({ rdb, countsExact }: Manifest, isStored: boolean): ComponentChildren {
  return (
    <>
      <li>
        {isStored ? (
          <StateWords level="good">All of its bytes are in the store</StateWords>
        ) : (
          <StateWords level="bad">Bytes are missing in the store, or cut short: it cannot be restored</StateWords>
        )}
      </li>
      <li>
        {rdb.checksum === 'verified' ? (
          <StateWords level="good">The dump's own checksum was right when it was stored</StateWords>
        ) : (
          <StateWords level="info">FalkorDB writes its dumps without a checksum of their own</StateWords>
        )}
      </li>
      <li>
        {countsExact ? (
          <StateWords level="good">Nothing was written while graphs were counted: the counts are exact</StateWords>
        ) : (
          <StateWords level="info">
            Writes went on while graphs were counted: it may hold a little more or less
          </StateWords>
        )}
      </li>
    </>
  );
}
