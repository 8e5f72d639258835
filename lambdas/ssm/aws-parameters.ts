import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { BackupError } from '../../core/model/errors.ts';
import { ssmError } from './ssm-errors.ts';

const MAX_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 3000;
const ANSWER_TIMEOUT_MS = 5000;

const HINTS = new Map<string, string>([
  ['ParameterNotFound', 'Create it as a SecureString (docs/webhooks.md), or deploy the stack without it.'],
  ['AccessDeniedException', 'The role of the function needs ssm:GetParameter for it, and kms:Decrypt for its key.'],
  ['InvalidKeyId', 'The key that encrypts it is gone or disabled: store it again, with another key.'],
]);

/** Decrypted parameters of SSM's Parameter Store. Errors hold their names, never their values. */
export class AwsParameters {
  readonly #client: SSMClient;

  /** @param endpoint by default the SDK's own sources: AWS_ENDPOINT_URL_SSM, or AWS itself */
  constructor(options: { endpoint?: string; region?: string } = {}) {
    this.#client = new SSMClient({
      maxAttempts: MAX_ATTEMPTS,
      ...options,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: ANSWER_TIMEOUT_MS },
    });
  }

  /** @throws invalid-settings; not-delivered where trying again may help */
  async read(name: string): Promise<string> {
    const action = `read the parameter ${name}`;
    try {
      const { Parameter } = await this.#client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
      return Parameter?.Value ?? '';
    } catch (error) {
      const known = ssmError(error, action);
      if (!(known instanceof BackupError)) throw error;
      const { message, retryable, hint = '' } = known;
      throw new BackupError(retryable ? 'not-delivered' : 'invalid-settings', message, {
        hint: (error instanceof Error && HINTS.get(error.name)) || hint,
        retryable,
      });
    }
  }
}
