import type { S3Store } from '../../../core/store/s3-store.ts';
import { parsePolicy, type Statement } from '../../support/iam.ts';
import { makeBucket, s3Server } from '../../support/s3/bucket.ts';
import type { FaultProxy } from '../../support/s3/fault-proxy.ts';
import { openS3Store } from '../../support/s3/s3-store.ts';
import { Access, statementsOf } from './access.ts';
import { AlarmsStandIn, type Datapoint } from './alarms.ts';
import { WEBHOOKS_PARAMETER } from './configuration.ts';
import { agentStatementsOf, dueSchedule, type FunctionName } from './deployed.ts';
import { EventBusStandIn } from './event-bus.ts';
import type { Invocation } from './functions.ts';
import { type Host, type HostOptions, startHost } from './host.ts';
import { LambdaStandIn } from './lambda.ts';
import { ParameterStoreStandIn } from './parameter-store.ts';
import { PendingWork } from './pending-work.ts';
import { startS3Gate } from './s3-gate.ts';
import { type ServiceServer, startServiceServer } from './service-server.ts';
import { documentSchema } from './ssm-document.ts';
import { allowsSsm } from './ssm-rights.ts';
import { SystemsManagerStandIn } from './ssm-server.ts';
import { REGION, Stack } from './stack.ts';
import { synthesised } from './synthesised.ts';
import { TopicsStandIn } from './topics.ts';

/** A person with all rights on the account. */
export const OPERATOR = 'operator';
const ANYTHING = parsePolicy({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });
const SCHEDULER = 'scheduler';

type Environment = Record<string, string>;

/** The synthesised stack as if it were deployed, with stand-ins for the services that it needs. */
export class Cloud implements AsyncDisposable {
  readonly stack: Stack;
  readonly access = new Access();
  readonly bus: EventBusStandIn;
  readonly ssm: SystemsManagerStandIn;
  readonly parameters: ParameterStoreStandIn;
  readonly topics: TopicsStandIn;
  /** Name of the document. */
  readonly document: string;
  readonly hosts: Host[] = [];
  readonly lambda: LambdaStandIn;
  /** Before all that a role asks of S3: by the name of the function, or `agent of <target>`. */
  readonly s3Gates = new Map<string, FaultProxy>();
  readonly #stuff: AsyncDisposableStack;
  readonly #work = new PendingWork();
  #server: ServiceServer | undefined;

  private constructor(bucket: string, stuff: AsyncDisposableStack) {
    const { template, assets } = synthesised();
    const [access, work] = [this.access, this.#work];
    const stack = new Stack(template, { 'AWS::S3::Bucket': bucket });
    this.#stuff = stuff;
    this.stack = stack;
    const endpointsOf = (name: FunctionName) => this.endpointsOf(name);
    this.parameters = new ParameterStoreStandIn(access);
    this.topics = new TopicsStandIn(stack, access);
    const alarms = new AlarmsStandIn(stack, access, this.topics);
    const measure = (datapoint: Datapoint) => alarms.take(datapoint);
    this.lambda = new LambdaStandIn({ stack, assets, access, work, endpointsOf, measure });
    this.bus = new EventBusStandIn(stack, access, (arn, event) => this.lambda.invokeLater(arn, event));
    const document = stack.only('AWS::SSM::Document');
    this.document = stack.output('DocumentName');
    this.ssm = new SystemsManagerStandIn({
      document: documentSchema.parse(document.properties.Content),
      documentName: this.document,
      hosts: this.hosts,
      allows: (caller, action, host) => allowsSsm(access, document.arn, { caller, action, host }),
      emit: (event) => this.bus.emit('default', event),
      follow: (each) => work.follow(each),
    });
  }

  static async start(): Promise<Cloud> {
    await using stuff = new AsyncDisposableStack();
    const bucket = stuff.use(await makeBucket());
    const cloud = new Cloud(bucket.name, stuff.move());
    const { ssm, parameters, bus, topics } = cloud;
    const operations = { ...ssm.operations, ...parameters.operations, ...bus.operations, ...topics.operations };
    cloud.#server = cloud.#stuff.use(await startServiceServer(operations, (error) => cloud.#work.report(error)));
    cloud.keepWebhooks([]);
    await cloud.#addCaller(OPERATOR, ANYTHING, OPERATOR);
    for (const [name, { roleArn }] of cloud.lambda.functions)
      await cloud.#addCaller(name, statementsOf(cloud.stack, roleArn), roleArn);
    return cloud;
  }

  get storeUrl(): URL {
    return new URL(this.stack.output('StoreUrl'));
  }

  /** The same, for somebody who may do anything. */
  openStore(): S3Store {
    return openS3Store(this.storeUrl.hostname, {}, this.storeUrl.pathname.slice(1));
  }

  /** @param options say of each agent only what docs/install-agent.md leaves open, and what differs from it */
  async addHost(options: HostOptions): Promise<Host> {
    const { containers = {}, installed = {} } = options;
    const given: HostOptions = { ...options, containers: {}, installed: {} };
    for (const [target, env] of Object.entries(containers)) {
      const role = await this.#roleOfHost(target);
      given.containers = {
        ...given.containers,
        [target]: { ...this.#settingsOf(target), ...role, ...env },
      };
    }
    for (const [target, env] of Object.entries(installed)) {
      given.installed = { ...given.installed, [target]: { ...this.#settingsOf(target), ...env } };
      given.role = await this.#roleOfHost(target);
    }
    const host = this.#stuff.use(await startHost(given));
    this.hosts.push(host);
    return host;
  }

  /** As `aws lambda invoke` does. */
  invoke(name: FunctionName, payload: unknown): Promise<Invocation> {
    return this.lambda.invoke(name, payload);
  }

  /** As a person does, by `aws ssm put-parameter`. @param webhooks as docs/webhooks.md shows them */
  keepWebhooks(webhooks: object[]): void {
    this.parameters.secureStrings.set(WEBHOOKS_PARAMETER, JSON.stringify({ webhooks }));
  }

  /** For the functions; hosts, and the services themselves, stay in our time. */
  setClock(time: Date): void {
    this.lambda.clockOffsetMs = time.getTime() - Date.now();
  }

  /** What was told before, on the bus and to people. */
  forget(): void {
    this.bus.told.length = 0;
    this.topics.messages.length = 0;
  }

  /** As EventBridge Scheduler does when the schedule of that tier, that of prune or that of the watchdog is due. */
  due(name: string, time: Date): void {
    const { functionArn, input, roleArn, identity } = dueSchedule(this.stack, name, time);
    this.access.addCaller(SCHEDULER, identity, roleArn);
    const asked = { action: 'lambda:InvokeFunction', resource: functionArn, context: {} };
    if (this.access.allows(SCHEDULER, asked)) this.lambda.invokeLater(functionArn, input);
  }

  /** Until no command, no delivery and no function is under way. */
  settled(): Promise<void> {
    return this.#work.settled();
  }

  /** Where the services are for a caller, for the SDK's environment. */
  endpointsOf(caller: string): Environment {
    const [services, gate] = [this.#server?.endpointOf(caller), this.s3Gates.get(caller)?.endpoint];
    if (services === undefined || gate === undefined) throw new Error(`Nobody here is called ${caller}`);
    return {
      AWS_ENDPOINT_URL_SSM: services,
      AWS_ENDPOINT_URL_EVENTBRIDGE: services,
      AWS_ENDPOINT_URL_SNS: services,
      AWS_ENDPOINT_URL_S3: gate,
      AWS_ACCESS_KEY_ID: s3Server().accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Server().secretAccessKey,
    };
  }

  /** @throws where something was not understood, or refused: a test that means to be refused takes it away */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await this.#stuff.disposeAsync();
    const refused = this.access.refused.map((text) => `refused: ${text}`);
    const failures = [...this.#work.oddities, ...refused];
    if (failures.length > 0) throw new Error(failures.join('\n'));
  }

  async #addCaller(caller: string, identity: Statement[], principal: string): Promise<void> {
    this.access.addCaller(caller, identity, principal);
    const gate = await startS3Gate(this.stack, this.access, caller, (error) => this.#work.report(error));
    this.s3Gates.set(caller, this.#stuff.use(gate));
  }

  /** What an agent finds by itself on an instance whose role has the policy of the target. */
  async #roleOfHost(target: string): Promise<Environment> {
    const caller = `agent of ${target}`;
    if (!this.s3Gates.has(caller)) await this.#addCaller(caller, agentStatementsOf(this.stack, target), caller);
    return this.endpointsOf(caller);
  }

  #settingsOf(target: string): Environment {
    const store = { BACKUP_STORE: this.storeUrl.href, S3_REGION: REGION };
    return { BACKUP_TARGET: target, ...store, BACKUP_EVENT_BUS: this.stack.output('EventBusName') };
  }
}
