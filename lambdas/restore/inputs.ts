import type { RestoreInput } from '../../core/model/function-inputs.ts';

export type InputOf<A extends RestoreInput['action']> = Extract<RestoreInput, { action: A }>;
