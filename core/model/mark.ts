import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { utcTimeSchema } from './timestamp.ts';

/** What a person says of a backup: of `pinned` and `unpinned` the newest one counts. */
export const MARKS = ['pinned', 'unpinned', 'collapse-accepted'] as const;
export type MarkKind = (typeof MARKS)[number];

/** Kept beside the manifest, which never changes; never changed itself. */
export const markSchema = z.object({
  schemaVersion: z.literal(1),
  backupId: backupIdSchema,
  mark: z.enum(MARKS),
  at: utcTimeSchema,
  by: z.string(),
  note: z.string().nullable(),
});

export type Mark = z.infer<typeof markSchema>;

export interface Said {
  at: Date;
  mark: MarkKind;
}

export function isPinned(marks: Said[]): boolean {
  const newest = marks
    .filter(({ mark }) => mark !== 'collapse-accepted')
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .at(-1);
  return newest?.mark === 'pinned';
}

export function isCollapseAccepted(marks: Pick<Said, 'mark'>[]): boolean {
  return marks.some(({ mark }) => mark === 'collapse-accepted');
}
