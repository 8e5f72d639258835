/** After an answer that is no stream, by which a browser gives up. */
const RETRY_MS = 5000;
/** Each 15 s the service says that it is there (agent/web/event-streams.ts): who hears nothing for so long is cut off. */
const SILENT_MS = 40_000;

/** What is done with each type of event; with `error`, which carries nothing, when the stream broke or fell silent. */
// biome-ignore lint/suspicious/noExplicitAny: who listens says what an event of its type holds
export type EventHandlers = Record<string, (event: any) => void>;

export interface EventStream {
  /** Instead of what was open. */
  open(url: string): void;
  close(): void;
}

/** Begins anew whenever the stream breaks or falls silent, until it is closed. */
export function eventStream(handlers: EventHandlers): EventStream {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = () => {
    clearTimeout(timer);
    source?.close();
  };
  const open = (url: string) => {
    close();
    const opened = new EventSource(url);
    source = opened;
    const beginAnewIn = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        open(url);
        handlers.error?.(undefined);
      }, ms);
    };
    beginAnewIn(SILENT_MS);
    for (const [type, handle] of Object.entries<EventHandlers[string]>({ alive: () => {}, ...handlers })) {
      opened.addEventListener(type, (event) => {
        const isMessage = event instanceof MessageEvent;
        if (isMessage) beginAnewIn(SILENT_MS);
        handle(isMessage ? JSON.parse(event.data) : undefined);
      });
    }
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CLOSED) beginAnewIn(RETRY_MS);
    });
  };
  return { open, close };
}
