import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const texts = z.array(z.string()).default([]);
const environment = z.record(z.string(), z.string()).default({});
const files = z.record(z.string(), z.looseObject({ file: z.string() })).default({});

/** What the tests ask of a compose file; docker compose takes more. */
const composeSchema = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string().optional(),
      build: z.looseObject({ context: z.string(), dockerfile: z.string(), args: environment }).optional(),
      pull_policy: z.string().optional(),
      init: z.boolean().optional(),
      read_only: z.boolean().optional(),
      stop_grace_period: z.string().optional(),
      environment,
      ports: texts,
      volumes: texts,
      tmpfs: texts,
      secrets: texts,
      cap_drop: texts,
      security_opt: texts,
    }),
  ),
  secrets: files,
});

export type ComposeFile = z.infer<typeof composeSchema>;
export type ComposeService = ComposeFile['services'][string];

const VARIABLE = /\$(?:\$|\{([A-Z0-9_]+)(?::?([-?])([^}]*))?\})/g;

/** With its variables replaced as docker compose does it: by their values, or their defaults. @throws where one must be set */
export async function readComposeFile(path: string, variables: Record<string, string> = {}): Promise<ComposeFile> {
  const replaced = (text: string) =>
    text.replaceAll(VARIABLE, (found, name?: string, sign?: string, rest = '') => {
      if (name === undefined) return '$';
      const value = variables[name] ?? (sign === '-' ? rest : undefined);
      if (value === undefined) throw new Error(`${path}: ${found} is not set`);
      return value;
    });
  const text = await readFile(path, 'utf8');
  return composeSchema.parse(parse(text, (_, value) => (typeof value === 'string' ? replaced(value) : value)));
}

/** Of all that it may be given. */
export async function variablesOf(path: string): Promise<string[]> {
  const found = [...(await readFile(path, 'utf8')).matchAll(VARIABLE)].map(([, name]) => name);
  return [...new Set(found)].filter((name) => name !== undefined);
}

/** `90s`, `2m`. */
export function secondsOf(duration: string): number {
  const [, amount, unit = ''] = /^(\d+)([smh])$/.exec(duration) ?? [];
  const seconds = { s: 1, m: 60, h: 3600 }[unit];
  if (amount === undefined || seconds === undefined) throw new Error(`"${duration}" is no duration`);
  return Number(amount) * seconds;
}
