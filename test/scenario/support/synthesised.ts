import { inject } from 'vitest';

export interface Synthesised {
  /** CloudFormation's. */
  template: unknown;
  /** The folder that the assets lie in. */
  assets: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    synthesised: Synthesised;
  }
}

/** The app's stack, as the global setup of the project has made it. */
export function synthesised(): Synthesised {
  return inject('synthesised');
}
