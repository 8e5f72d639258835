import { z } from 'zod';
import { type Names, resolve } from './intrinsics.ts';

/* A template as if it were deployed: every resource has a name, and every value is concrete. */

export const REGION = 'eu-central-1';
export const ACCOUNT = '123456789012';

export interface Resource {
  logicalId: string;
  type: string;
  arn: string;
  properties: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

export const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      Metadata: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown(), Description: z.string().default('') })).default({}),
});
export type Template = z.infer<typeof templateSchema>;

interface Kind {
  /** The property that names it; the service makes a name where it is not given. */
  named: string;
  /** What Ref gives; the name by default. */
  ref?: 'arn';
  /** Of the ARN, after the partition; without region and account where it begins with a service that has none. */
  arn: (name: string) => string;
}

const regional = (service: string, path: string) => (name: string) => `${service}:${REGION}:${ACCOUNT}:${path}${name}`;

const KINDS: Record<string, Kind> = {
  'AWS::S3::Bucket': { named: 'BucketName', arn: (name) => `s3:::${name}` },
  'AWS::SSM::Document': { named: 'Name', arn: regional('ssm', 'document/') },
  'AWS::Lambda::Function': { named: 'FunctionName', arn: regional('lambda', 'function:') },
  'AWS::IAM::Role': { named: 'RoleName', arn: (name) => `iam::${ACCOUNT}:role/${name}` },
  'AWS::IAM::ManagedPolicy': {
    named: 'ManagedPolicyName',
    ref: 'arn',
    arn: (name) => `iam::${ACCOUNT}:policy/${name}`,
  },
  'AWS::SNS::Topic': { named: 'TopicName', ref: 'arn', arn: regional('sns', '') },
  'AWS::SQS::Queue': { named: 'QueueName', arn: regional('sqs', '') },
  'AWS::CloudWatch::Alarm': { named: 'AlarmName', arn: regional('cloudwatch', 'alarm:') },
  'AWS::Events::EventBus': { named: 'Name', arn: regional('events', 'event-bus/') },
  'AWS::Events::Rule': { named: 'Name', arn: regional('events', 'rule/') },
  'AWS::Scheduler::ScheduleGroup': { named: 'Name', arn: regional('scheduler', 'schedule-group/') },
  'AWS::Scheduler::Schedule': { named: 'Name', arn: regional('scheduler', 'schedule/default/') },
  'AWS::Logs::LogGroup': { named: 'LogGroupName', arn: regional('logs', 'log-group:') },
  'AWS::KMS::Key': { named: 'KeyId', arn: regional('kms', 'key/') },
};

export class Stack {
  readonly #template: Template;
  readonly #given: Record<string, string>;
  readonly #names: Names;

  /** @param names of resources, by type, in place of those that the service would make */
  constructor(template: unknown, names: Record<string, string> = {}) {
    this.#template = templateSchema.parse(template);
    this.#given = names;
    this.#names = {
      pseudo: {
        'AWS::Region': REGION,
        'AWS::AccountId': ACCOUNT,
        'AWS::Partition': 'aws',
        'AWS::URLSuffix': 'amazonaws.com',
        'AWS::StackName': 'stack',
      },
      ref: (logicalId) => (this.#kindOf(logicalId).ref === 'arn' ? this.#arnOf(logicalId) : this.#nameOf(logicalId)),
      getAtt: (logicalId, attribute) => {
        if (attribute === 'Arn' || attribute.endsWith('Arn')) return this.#arnOf(logicalId);
        if (attribute.endsWith('Name')) return this.#nameOf(logicalId);
        throw new Error(`Not understood: ${attribute} of ${logicalId}`);
      },
    };
  }

  resources(type: string): Resource[] {
    const found = Object.entries(this.#template.Resources).filter(([, { Type }]) => Type === type);
    return found.map(([logicalId, { Properties, Metadata }]) => ({
      logicalId,
      type,
      arn: KINDS[type] ? this.#arnOf(logicalId) : '',
      properties: z.record(z.string(), z.unknown()).parse(resolve(Properties, this.#names)),
      metadata: Metadata,
    }));
  }

  /** @throws where there is not exactly one */
  only(type: string, isMeant: (resource: Resource) => boolean = () => true): Resource {
    const [found, ...others] = this.resources(type).filter(isMeant);
    if (!found || others.length > 0) throw new Error(`The template has ${found ? 'several' : 'no'} such ${type}`);
    return found;
  }

  /** As people look it up. @param name of the output, or its description */
  output(name: string): string {
    const found = Object.entries(this.#template.Outputs).filter(([id, { Description }]) =>
      [id, Description].includes(name),
    );
    const [[, output] = []] = found;
    if (!output || found.length > 1) throw new Error(`The stack has ${found.length} outputs ${name}`);
    return z.string().parse(resolve(output.Value, this.#names));
  }

  nameOf({ logicalId }: Resource): string {
    return this.#nameOf(logicalId);
  }

  #nameOf(logicalId: string): string {
    const { Type = '', Properties = {} } = this.#template.Resources[logicalId] ?? {};
    const given = resolve(Properties[this.#kindOf(logicalId).named], this.#names);
    return this.#given[Type] ?? z.string().default(`stack-${logicalId}`).parse(given);
  }

  #arnOf(logicalId: string): string {
    return `arn:aws:${this.#kindOf(logicalId).arn(this.#nameOf(logicalId))}`;
  }

  #kindOf(logicalId: string): Kind {
    const type = this.#template.Resources[logicalId]?.Type;
    const kind = KINDS[type ?? ''];
    if (!kind) throw new Error(`Not understood: a reference to ${logicalId}, of type ${type}`);
    return kind;
  }
}
