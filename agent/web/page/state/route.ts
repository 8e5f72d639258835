export const VIEWS = ['overview', 'timeline', 'backups', 'runs', 'logs', 'retention'] as const;

export type View = (typeof VIEWS)[number];

/** What the part of the address behind # says. */
export interface Route {
  view: View;
  /** Filters of the view; none is empty. */
  params: Record<string, string>;
  /** Id of the backup whose details lie over the view. */
  backup: string | undefined;
}

const BACKUP = 'backup';

/** `#/backups?tier=daily&backup=20261122T023000Z-falkordb-daily`; what is not understood leads to the overview. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const view = VIEWS.find((name) => name === path) ?? 'overview';
  const { [BACKUP]: backup, ...params } = Object.fromEntries(
    [...new URLSearchParams(query)].filter(([, value]) => value),
  );
  return { view, params, backup };
}

export function formatRoute({ view, params = {}, backup }: Partial<Route> & Pick<Route, 'view'>): string {
  const filled = Object.entries({ ...params, [BACKUP]: backup ?? '' }).filter(([, value]) => value !== '');
  const query = new URLSearchParams(filled).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}
