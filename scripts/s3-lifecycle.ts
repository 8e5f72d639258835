import { lifecycleConfiguration } from '../core/model/s3-lifecycle.ts';

const PREFIX = 'falkordb';

/** The rules of docs/s3.md, and the one for monthlies that not everybody wants; a test sees that it holds both. */
export function exampleLifecycle(): { configuration: string; coldMonthlies: string } {
  const { Rules } = lifecycleConfiguration({ prefix: PREFIX, coldMonthlyDays: 30 });
  return {
    configuration: JSON.stringify(lifecycleConfiguration({ prefix: PREFIX }), null, 2),
    coldMonthlies: JSON.stringify(Rules.at(-1), null, 2),
  };
}

if (import.meta.main) {
  const { configuration, coldMonthlies } = exampleLifecycle();
  process.stdout.write(`${configuration}\n\n${coldMonthlies}\n`);
}
