import { z } from 'zod';
import type { Access } from './access.ts';
import { type Operation, ServiceError } from './service-server.ts';
import { ACCOUNT, REGION } from './stack.ts';

/* Parameter Store of Systems Manager: GetParameter of SecureStrings under the account's own key, which lets everybody use
   it who may read them. */

const getSchema = z.strictObject({ Name: z.string(), WithDecryption: z.boolean().optional() });

export class ParameterStoreStandIn {
  /** By name. */
  readonly secureStrings = new Map<string, string>();
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  readonly operations: Record<string, Operation> = {
    'AmazonSSM.GetParameter': (input, role) => {
      const { Name, WithDecryption } = getSchema.parse(input);
      const resource = `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${Name.replace(/^\//, '')}`;
      if (!this.#access.allows(role, { action: 'ssm:GetParameter', resource, context: {} }))
        throw new ServiceError('AccessDeniedException', `${role} is not authorized to perform: ssm:GetParameter`);
      const value = this.secureStrings.get(Name);
      if (value === undefined) throw new ServiceError('ParameterNotFound', '');
      const Value = WithDecryption ? value : Buffer.from(`encrypted ${value}`).toString('base64');
      return { Parameter: { Name, ARN: resource, Type: 'SecureString', Value, Version: 1, DataType: 'text' } };
    },
  };
}
