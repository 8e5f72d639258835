import { z } from 'zod';

/** A target is one FalkorDB instance by its logical name; the name is a part of keys, ids and metric labels. */
export const targetSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'a target is 1 to 63 lower-case letters, digits and dashes, and starts with a letter or digit',
  );
