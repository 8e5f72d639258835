import type { ComponentChildren } from 'preact';
import type { LogLine } from '../../api.ts';
import { useLog } from '../hooks/use-log.ts';
import { replaceRoute, useRoute } from '../hooks/use-route.ts';
import { SearchField, Select, TargetSelect } from '../parts/filters.tsx';
import { ErrorNote } from '../parts/notes.tsx';
import { LEVELS, type LogFilter } from '../state/log-buffer.ts';
import { LogLines } from './log-lines.tsx';

const DEFAULT_LEVEL = 'info';

/** The newest lines of the service's log, as they come. */
export function Logs({ params }: { params: Record<string, string> }): ComponentChildren {
  const route = useRoute();
  const { target = '', runId = '', search = '' } = params;
  // Of one run everything is of interest.
  const level = LEVELS.find((name) => name === params.level) ?? (runId === '' ? DEFAULT_LEVEL : 'debug');
  const filter: LogFilter = { target, runId, level, search };
  const { lines, isLoading, failure } = useLog(filter);
  const change = (changed: Partial<LogFilter>) => replaceRoute({ ...route, params: { ...filter, ...changed } });
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: <search> is not known to all that read pages aloud */}
      <div class="filters" role="search">
        <TargetSelect value={target} all="All targets" onChange={(value) => change({ target: value })} />
        <Select
          label="Level"
          value={level}
          options={LEVELS.map((name): [string, string] => [name, `${name}${name === 'error' ? '' : ' and above'}`])}
          onChange={(value) => change({ level: value as LogLine['level'] })}
        />
        <SearchField
          label="Run"
          value={runId}
          placeholder="A run id"
          onChange={(value) => change({ runId: value.trim() })}
        />
        <SearchField
          label="Search"
          value={search}
          placeholder="Part of a line"
          onChange={(value) => change({ search: value })}
        />
      </div>
      {failure ? <ErrorNote error={failure} /> : null}
      <LogLines lines={lines} isLoading={isLoading} />
    </>
  );
}
