import type { EventType } from '../model/events.ts';
import type { EventSink } from './event-sink.ts';

/** The sink, told of these types only: NOTICED_BY_DEFAULT where people read it. A test is to show that it is reached. */
export function onlyTypes(types: readonly EventType[], sink: EventSink): EventSink {
  return {
    name: sink.name,
    send: async (events) => {
      const meant = events.filter(({ type }) => types.includes(type) || type === 'Test Notice');
      if (meant.length > 0) await sink.send(meant);
    },
  };
}
