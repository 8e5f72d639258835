import type { Access } from './access.ts';
import { matchesPattern } from './event-pattern.ts';
import { type BusEvent, putEventsSchema, ruleSchema, toEvent } from './event-shapes.ts';
import { functionPolicy } from './resource-policies.ts';
import { type Operation, ServiceError } from './service-server.ts';
import { ACCOUNT, REGION, type Stack } from './stack.ts';

/* EventBridge: PutEvents, and the rules of the template with a function as their target. */

const SERVICE = 'events.amazonaws.com';

export class EventBusStandIn {
  /** All that came through PutEvents, in order. */
  readonly told: (BusEvent & { by: string })[] = [];
  readonly #stack: Stack;
  readonly #access: Access;
  readonly #invoke: (functionArn: string, event: unknown) => void;

  constructor(stack: Stack, access: Access, invoke: (functionArn: string, event: unknown) => void) {
    this.#stack = stack;
    this.#access = access;
    this.#invoke = invoke;
    access.addCaller(SERVICE, [], SERVICE);
  }

  readonly operations: Record<string, Operation> = {
    'AWSEvents.PutEvents': (input, role) => {
      const { Entries } = putEventsSchema.parse(input);
      if (Entries.length === 0)
        throw new ServiceError('ValidationException', 'Member must have length greater than or equal to 1');
      const events = Entries.map((entry) => {
        const bus = entry.EventBusName.replace(/^.*event-bus\//, '');
        const resource = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${bus}`;
        const context = { 'events:source': entry.Source, 'events:detail-type': entry.DetailType };
        if (!this.#access.allows(role, { action: 'events:PutEvents', resource, context }))
          throw new ServiceError('AccessDeniedException', `${role} is not authorized to perform: events:PutEvents`);
        return { bus, event: toEvent(entry) };
      });
      for (const { bus, event } of events) {
        this.told.push({ ...event, by: role });
        this.emit(bus, event);
      }
      return { FailedEntryCount: 0, Entries: events.map(({ event }) => ({ EventId: event.id })) };
    },
  };

  /** To every target of every rule that it matches. */
  emit(bus: string, event: unknown): void {
    for (const { arn, properties } of this.#stack.resources('AWS::Events::Rule')) {
      const { EventBusName, EventPattern, Targets } = ruleSchema.parse(properties);
      if (EventBusName.replace(/^.*event-bus\//, '') !== bus || !matchesPattern(EventPattern, event)) continue;
      for (const { Arn } of Targets) this.#deliver(arn, Arn, event);
    }
  }

  #deliver(ruleArn: string, functionArn: string, event: unknown): void {
    const context = { 'aws:SourceArn': ruleArn, 'aws:SourceAccount': ACCOUNT };
    const asked = { action: 'lambda:InvokeFunction', resource: functionArn, context };
    if (this.#access.allows(SERVICE, asked, functionPolicy(this.#stack, functionArn))) this.#invoke(functionArn, event);
  }
}
