import { writeSync } from 'node:fs';
import { RotatingFile } from '../../agent/logging/rotating-file.ts';

/** Writes numbered lines into a log file until it is killed, or as many as it is told; tells how many on stdout. */
const [path = '', name = '', maxBytes = '', count = 'Infinity'] = process.argv.slice(2);
const file = new RotatingFile({ path, maxBytes: Number(maxBytes), kept: 100_000 }, (failed, error) => {
  throw new Error(`A line could not be ${failed}`, { cause: error });
});
for (let line = 0; line < Number(count); line++) {
  file.write(`${JSON.stringify({ name, line, filling: 'x'.repeat(line % 300) })}\n`);
  // What process.stdout cannot write at once it keeps for the event loop, which this loop never gives a turn.
  writeSync(1, `${line}\n`);
}
