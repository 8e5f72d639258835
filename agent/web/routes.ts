/** All that the server answers to, but for the files of the page; docs/api.md has each. */
export const ROUTES = {
  targets: 'GET /api/v1/targets',
  backups: 'GET /api/v1/backups',
  backup: 'GET /api/v1/backups/:id',
  plan: 'GET /api/v1/backups/:id/plan',
  runs: 'GET /api/v1/runs',
  logs: 'GET /api/v1/logs',
  retention: 'GET /api/v1/retention',
  events: 'GET /api/v1/events',
  token: 'GET /api/v1/token',
  backUp: 'POST /api/v1/backups',
  verify: 'POST /api/v1/backups/:id/verify',
  pin: 'POST /api/v1/backups/:id/pin',
  unpin: 'DELETE /api/v1/backups/:id/pin',
  health: 'GET /healthz',
  ready: 'GET /readyz',
  metrics: 'GET /metrics',
} as const;

export type RouteName = keyof typeof ROUTES;
