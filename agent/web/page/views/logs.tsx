import type { ComponentChildren } from 'preact';
import { useLog } from '../hooks/use-log.ts';
import { changeParams } from '../hooks/use-route.ts';
import { SearchField, Select, TargetSelect } from '../parts/filters.tsx';
import { ErrorNote } from '../parts/notes.tsx';
import { LEVELS, type LogFilter } from '../state/log-buffer.ts';
import { LogLines } from './log-lines.tsx';

const DEFAULT_LEVEL = 'info';

/** The newest lines of the service's log, as they come. */
export function Logs({ params }: { params: Record<string, string> }): ComponentChildren {
  const { target = '', runId = '', search = '' } = params;
  // Of one run everything is of interest.
  const level = LEVELS.find((name) => name === params.level) ?? (runId === '' ? DEFAULT_LEVEL : 'debug');
  const filter: LogFilter = { target, runId, level, search };
  const { lines, isLoading, failure } = useLog(filter);
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: <search> is not known to all that read pages aloud */}
      <div class="filters" role="search">
        <TargetSelect value={target} all="All targets" onChange={(value) => changeParams({ target: value })} />
        <Select
          label="Level"
          value={level}
          options={LEVELS.map((name): [string, string] => [name, `${name}${name === 'error' ? '' : ' and above'}`])}
          onChange={(value) => changeParams({ level: value })}
        />
        <SearchField
          label="Run"
          value={runId}
          placeholder="A run id"
          onChange={(value) => changeParams({ runId: value.trim() })}
        />
        <SearchField
          label="Search"
          value={search}
          placeholder="Part of a line"
          onChange={(value) => changeParams({ search: value })}
        />
      </div>
      {failure ? <ErrorNote error={failure} /> : null}
      <LogLines lines={lines} isLoading={isLoading} />
    </>
  );
}
