import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

const MAX_CAUSES = 5;

/**
 * What a log says of an error: what is named here, and nothing else. Errors of clients carry what was sent, of AUTH too,
 * and those of services what they answered.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const causes = causesOf(error).map(named);
  return {
    ...named(error),
    message: error.message,
    ...(error instanceof BackupError && error.hint ? { hint: error.hint } : {}),
    ...(causes.length > 0 ? { causes } : {}),
    // Only what we did not foresee is worth a stack.
    ...(error instanceof BackupError ? {} : { stack: error.stack }),
  };
}

/** Those of ours have messages that hold no secret; of the others only what they are. */
function named(error: Error): Record<string, unknown> {
  if (error instanceof BackupError) return { type: error.name, code: error.code, message: error.message };
  const code = systemErrorCode(error);
  return { type: error.name, ...(code === undefined ? {} : { code }) };
}

function causesOf({ cause }: Error): Error[] {
  const causes: Error[] = [];
  for (let each = cause; each instanceof Error && causes.length < MAX_CAUSES; each = each.cause) causes.push(each);
  return causes;
}
