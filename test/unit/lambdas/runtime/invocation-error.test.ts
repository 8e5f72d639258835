import { describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import { invocationError } from '../../../../lambdas/runtime/invocation-error.ts';

describe('invocationError', () => {
  it('carries the code as its name, and the hint', () => {
    const error = new BackupError('not-confirmed', 'It was not confirmed.', { hint: 'Confirm it.' });
    expect(invocationError(error)).toMatchObject({
      name: 'not-confirmed',
      message: 'It was not confirmed. Confirm it.',
    });
  });

  it('is internal where nobody foresaw it', () => {
    expect(invocationError(new TypeError('x is undefined'))).toMatchObject({
      name: 'internal',
      message: 'x is undefined',
    });
  });
});
