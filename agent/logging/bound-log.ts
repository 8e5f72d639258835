import type { Logger } from 'pino';

/** A logger that adds these to its lines. Pino writes what a parent adds already a second time: that is left out. */
export function boundLog(log: Logger, fields: Record<string, string>): Logger {
  const bound = log.bindings();
  const missing = Object.entries(fields).filter(([name, value]) => bound[name] !== value);
  return missing.length === 0 ? log : log.child(Object.fromEntries(missing));
}
