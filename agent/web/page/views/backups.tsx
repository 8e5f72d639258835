import type { ComponentChildren } from 'preact';
import type { BackupSummary, BackupsAnswer } from '../../api.ts';
import { useTargets } from '../hooks/use-live.ts';
import { usePages } from '../hooks/use-pages.ts';
import { changeParams } from '../hooks/use-route.ts';
import { SearchField, Select, TargetSelect } from '../parts/filters.tsx';
import { LoadMore } from '../parts/load-more.tsx';
import { Empty, Loaded } from '../parts/notes.tsx';
import { request, withQuery } from '../state/client.ts';
import { limitFor, type ReadPage } from '../state/pages.ts';
import { BackupTable } from './backup-table.tsx';
import { NoBackups } from './no-backups.tsx';

const TIERS: BackupSummary['tier'][] = ['monthly', 'weekly', 'daily', 'snapshot', 'manual', 'pre-restore'];

/** All backups that exist, and the way to the details of each. */
export function Backups({ params }: { params: Record<string, string> }): ComponentChildren {
  const targets = useTargets();
  const { target = '', tier = '', search = '' } = params;
  const query = { target, tier, search };
  const pages = usePages(withQuery('/backups', query), readBackups(query));
  const isFiltered = tier !== '' || search !== '';
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: <search> is not known to all that read pages aloud */}
      <div class="filters" role="search">
        <TargetSelect value={target} all="All targets" onChange={(value) => changeParams({ target: value })} />
        <Select
          label="Tier"
          value={tier}
          options={[['', 'All tiers'], ...TIERS.map((name): [string, string] => [name, name])]}
          onChange={(value) => changeParams({ tier: value })}
        />
        <SearchField
          label="Search"
          value={search}
          placeholder="Part of an id or of a graph's name"
          onChange={(value) => changeParams({ search: value })}
        />
      </div>
      <Loaded remote={pages}>
        {({ items }) => {
          if (items.length > 0) return <BackupTable backups={items} hasTargets={targets.length > 1} />;
          if (isFiltered) return <Empty title="No backup matches." />;
          return <NoBackups targets={targets.filter((one) => target === '' || one.target === target)} />;
        }}
      </Loaded>
      <LoadMore pages={pages} />
    </>
  );
}

function readBackups(query: Record<string, string>): (signal: AbortSignal) => ReadPage<BackupSummary> {
  return (signal) => async (before, missing) => {
    const path = withQuery('/backups', { ...query, limit: limitFor(missing), before });
    const { backups, total, next } = await request<BackupsAnswer>(path, { signal });
    return { items: backups, total, next };
  };
}
