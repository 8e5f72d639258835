import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { BackupError } from './errors.ts';
import { graphSummarySchema } from './manifest.ts';
import { utcTimeSchema } from './timestamp.ts';

export const VERIFICATION_SCHEMA_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a server holds, told in a way that two servers with the same data tell alike. */
export const contentsSchema = z.object({
  /** In order of name. */
  graphs: z.array(graphSummarySchema),
  /** Graph -> SHA-256 over a sample of its nodes and of their outgoing edges. */
  samples: z.record(z.string(), sha256),
});

export const VERIFICATION_OUTCOMES = ['loaded', 'failed'] as const;

/** What loading a backup into a throw-away FalkorDB came to; kept beside its manifest, which never changes. */
export const verificationSchema = z.object({
  schemaVersion: z.literal(VERIFICATION_SCHEMA_VERSION),
  backupId: backupIdSchema,
  verifiedAt: utcTimeSchema,
  /** Of the dump that was loaded: it says nothing about any other. */
  rdbSha256: sha256,
  outcome: z.enum(VERIFICATION_OUTCOMES),
  /** Of the server that loaded it, or could not. */
  engine: z.object({ redis: z.string(), falkordb: z.string() }),
  /** Why it could not be loaded. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Between what the manifest says and what was loaded, a sentence each. */
  differences: z.array(z.string()),
  /** Exact: the loaded server got no writes. Null where it could not be loaded. */
  contents: contentsSchema.nullable(),
  loadSeconds: z.number().nonnegative(),
  tool: z.object({ name: z.string(), version: z.string() }),
});

export type Contents = z.infer<typeof contentsSchema>;
export type Verification = z.infer<typeof verificationSchema>;
export type VerificationOutcome = Verification['outcome'];

/** @throws integrity, naming the key and what is wrong with it */
export function decodeVerification(bytes: Uint8Array, key: string): Verification {
  try {
    return verificationSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new BackupError('integrity', `${key} is no record of a verification.`, {
      hint: 'The backup itself is not affected: verify it again with "verify --load", and delete that object.',
      cause,
    });
  }
}
