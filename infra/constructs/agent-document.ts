import { Stack } from 'aws-cdk-lib';
import { type IGrantable, type IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { agentDocumentContent } from '../agent-document-content.ts';
import { COMMAND_MARGIN_SECONDS } from '../options.ts';
import type { BackupOptions } from '../props.ts';

/** CDK spreads the statements of a role over several policies where they are too many, but no single one. */
const TARGETS_A_STATEMENT = 40;

/** The SSM document that runs the agent, and who may send it where. */
export class AgentDocument extends Construct {
  readonly documentName: string;
  readonly documentArn: string;
  readonly #options: BackupOptions;

  constructor(scope: Construct, id: string, options: BackupOptions) {
    super(scope, id);
    this.#options = options;
    const { timeoutSeconds } = options;
    const document = new CfnDocument(this, 'Document', {
      documentType: 'Command',
      documentFormat: 'JSON',
      content: agentDocumentContent({
        timeoutSeconds,
        commandTimeoutSeconds: timeoutSeconds + COMMAND_MARGIN_SECONDS,
      }),
      // The name stays, so that commands which are on their way find it, and people's scripts.
      updateMethod: 'NewVersion',
    });
    this.documentName = document.ref;
    this.documentArn = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'document',
      resourceName: this.documentName,
    });
  }

  /** To run it, and nothing else, on instances of the targets, and no others. */
  grantSend(grantee: IGrantable): void {
    const { targets, targetTag } = this.#options;
    const stack = Stack.of(this);
    const instances = [
      stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' }),
      stack.formatArn({ service: 'ssm', resource: 'managed-instance', resourceName: '*' }),
    ];
    add(grantee.grantPrincipal, [
      { sid: 'SendThisDocument', actions: ['ssm:SendCommand'], resources: [this.documentArn] },
      // In statements of their own: a document has no such tag.
      ...chunksOf(targets).map((names, index) => ({
        sid: `SendToTargets${index + 1}`,
        actions: ['ssm:SendCommand'],
        resources: instances,
        conditions: { StringEquals: { [`ssm:resourceTag/${targetTag}`]: names } },
      })),
    ]);
  }

  /** To find the instances. These actions know no resources. */
  grantFindInstances(grantee: IGrantable): void {
    add(grantee.grantPrincipal, [
      { sid: 'FindInstances', actions: ['ssm:DescribeInstanceInformation'], resources: ['*'] },
    ]);
  }

  /** To see what became of a command. */
  grantFindCommands(grantee: IGrantable): void {
    add(grantee.grantPrincipal, [
      { sid: 'FindCommands', actions: ['ssm:ListCommands', 'ssm:GetCommandInvocation'], resources: ['*'] },
    ]);
  }
}

function add(principal: IPrincipal, statements: ConstructorParameters<typeof PolicyStatement>[0][]): void {
  for (const statement of statements) principal.addToPrincipalPolicy(new PolicyStatement(statement));
}

function chunksOf(targets: readonly string[]): string[][] {
  const count = Math.ceil(targets.length / TARGETS_A_STATEMENT);
  return Array.from({ length: count }, (_, index) =>
    targets.slice(index * TARGETS_A_STATEMENT, (index + 1) * TARGETS_A_STATEMENT),
  );
}
