import { execa } from 'execa';

export const PROMTOOL_MISSING = await why();

/** Runs Prometheus' own checker; both of its outputs are in `all`. */
export async function promtool(
  args: string[],
  input = '',
): Promise<{ exitCode: number | undefined; all: string | undefined }> {
  const { exitCode, all } = await execa('promtool', args, { input, all: true, reject: false });
  return { exitCode, all };
}

/** Why the tests that need it cannot run, for `describe.skipIf`. @throws with CI=true, where nothing may be missing */
async function why(): Promise<string | undefined> {
  const { failed } = await execa('promtool', ['--version'], { reject: false });
  if (!failed) return undefined;
  const missing = 'there is no promtool (.ci/run has the commands that take it from the package prometheus)';
  if (process.env.CI === 'true') throw new Error(`The alert rules cannot be checked: ${missing}`);
  process.stderr.write(`Checks by promtool are skipped: ${missing}\n`);
  return missing;
}
