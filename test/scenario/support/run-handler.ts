import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { shiftClock } from './shift-clock.ts';

/*
 * What Lambda's runtime does for one invocation: `node run-handler.ts <file> <export>`, the event, the time it has and how
 * much its clock is ahead on stdin, the answer on descriptor 3. Stdout and stderr are the function's log.
 */

const ANSWER = 3;
const [, , file = '', name = ''] = process.argv;
const { event, context, timeoutMs, clockOffsetMs } = JSON.parse(await text(process.stdin));
shiftClock(clockOffsetMs);
const deadline = Date.now() + timeoutMs;

let answer: unknown;
try {
  const module = await import(pathToFileURL(file).href);
  answer = {
    result: (await module[name](event, { ...context, getRemainingTimeInMillis: () => deadline - Date.now() })) ?? null,
  };
} catch (error) {
  const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error(String(error));
  answer = { error: { errorType, errorMessage } };
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
}
writeSync(ANSWER, JSON.stringify(answer));
// The runtime does not wait for what a handler has left behind.
process.exit(0);
