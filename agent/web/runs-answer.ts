import type { RunAnswer, RunsAnswer } from './api.ts';
import type { RunsQuery } from './queries.ts';
import type { TargetView } from './target-view.ts';

interface ListedRun {
  view: TargetView;
  runId: string;
  keys: string[];
}

/** A page of the runs of some targets; only those that are on it are read. @throws store-* */
export async function runsAnswer(views: readonly TargetView[], { limit, before }: RunsQuery): Promise<RunsAnswer> {
  const listed = (await Promise.all(views.map(listRuns))).flat();
  // Ids begin with the time at which they were asked for.
  const rest = listed
    .filter(({ runId }) => before === undefined || runId < before)
    .sort((a, b) => (a.runId === b.runId ? 0 : a.runId < b.runId ? 1 : -1));
  const last = rest[limit - 1]?.runId;
  // Scheduled runs of several targets have the same id: they are not torn apart, as a page begins behind an id.
  const page = rest.filter(({ runId }, index) => index < limit || runId === last);
  const read = await Promise.all(views.map((view) => readPage(view, page)));
  const byId = new Map(read.flat().map((run) => [`${run.target} ${run.runId}`, run]));
  const runs = page.flatMap(({ view, runId }) => byId.get(`${view.name} ${runId}`) ?? []);
  return { runs, next: rest.length > page.length ? (last ?? null) : null };
}

async function listRuns(view: TargetView): Promise<ListedRun[]> {
  return [...(await view.runKeys())].map(([runId, keys]) => ({ view, runId, keys }));
}

async function readPage(view: TargetView, page: ListedRun[]): Promise<RunAnswer[]> {
  const own = page.filter((run) => run.view === view);
  const runs = own.map(({ runId, keys }): [string, string[]] => [runId, keys]);
  return view.inTime(view.runAnswers.read(runs, await view.made()));
}
