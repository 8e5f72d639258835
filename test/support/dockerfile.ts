import { readFileSync } from 'node:fs';

export interface Instruction {
  name: string;
  /** On one line. */
  text: string;
}

/** The stages of a Dockerfile, in their order; what stands before the first one is the first element. */
export function readStages(path: string): Instruction[][] {
  const lines = readFileSync(path, 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '');
  const stages: Instruction[][] = [[]];
  for (const line of lines.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, text });
  }
  return stages;
}

/** What is said of the image itself, which is the last stage. */
export class Image {
  readonly #instructions: Instruction[];

  constructor(path: string) {
    this.#instructions = readStages(path).at(-1) ?? [];
  }

  /** @throws where it is not there */
  one(name: string): string {
    const [found] = this.all(name);
    if (found === undefined) throw new Error(`The image has no ${name}`);
    return found;
  }

  all(name: string): string[] {
    return this.#instructions.filter((each) => each.name === name).map(({ text }) => text);
  }

  /** Of a JSON array, such as that of CMD. */
  words(name: string): string[] {
    return JSON.parse(this.one(name).replace(/^[^[]*/, ''));
  }

  get environment(): Record<string, string> {
    const pairs = this.all('ENV').flatMap((text) => [...text.matchAll(/(\S+?)=(\S+)/g)]);
    return Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
  }

  /** `COPY --from=x a b c/` as what comes from where. */
  get copies(): { from: string | undefined; sources: string[]; to: string }[] {
    return this.all('COPY').map((text) => {
      const words = text.split(/\s+/);
      const paths = words.filter((word) => !word.startsWith('--'));
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      return { from, sources: paths.slice(0, -1), to: paths.at(-1) ?? '' };
    });
  }
}
