import type { Setting } from '../core/model/setting.ts';
import { SETTINGS } from '../core/model/settings.ts';

/** The table of docs/configuration.md; a test sees that the document holds it. */
export function settingsTable(): string {
  const rows = Object.values<Setting>(SETTINGS).map(({ env, flag, default: fallback, description, secret }) => {
    const name = `\`${env}\``;
    const flagCell = flag === undefined ? '' : `\`--${flag}\``;
    const defaultCell = fallback === undefined ? '' : `\`${fallback}\``;
    return `| ${name} | ${flagCell} | ${defaultCell} | ${description}${secret ? ' (secret)' : ''} |`;
  });
  return ['| setting | flag | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) process.stdout.write(`${settingsTable()}\n`);
