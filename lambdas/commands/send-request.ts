import { type AgentRequest, encodeRequest } from '../../core/model/request.ts';
import { toSsmParameters } from '../../core/model/request-parameters.ts';
import type { SystemsManager } from '../ssm/systems-manager.ts';
import { chooseInstance } from './choose-instance.ts';

export interface SendDeps {
  ssm: SystemsManager;
  /** Name of the SSM document. */
  document: string;
  /** Name of the tag whose value is the target. */
  targetTag: string;
}

export interface SentRequest {
  commandId: string;
  instanceId: string;
}

/**
 * Hands the request to the agent beside its target, and does not wait for it.
 * @throws command-refused, whose `retryable` tells whether trying again may help
 */
export async function sendRequest(request: AgentRequest, { ssm, document, targetTag }: SendDeps): Promise<SentRequest> {
  const { target } = request;
  const instances = await ssm.findInstances(targetTag, target);
  const { instanceId } = chooseInstance(target, `${targetTag}=${target}`, instances);
  const commandId = await ssm.sendCommand({
    document,
    instanceId,
    parameters: toSsmParameters(encodeRequest(request)),
    comment: 'runId' in request ? request.runId : request.action,
  });
  return { commandId, instanceId };
}
