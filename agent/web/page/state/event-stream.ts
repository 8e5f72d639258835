/** After an answer that is no stream, by which a browser gives up. */
const RETRY_MS = 5000;

/** What is done with each type of event; with `error`, which carries nothing, when the stream broke. */
// biome-ignore lint/suspicious/noExplicitAny: who listens says what an event of its type holds
export type EventHandlers = Record<string, (event: any) => void>;

/** Listens until it is ended, and begins anew whenever the stream breaks. @returns what ends it */
export function listenTo(url: string, handlers: EventHandlers): () => void {
  let timer: number | undefined;
  let source: EventSource;
  const open = () => {
    source = new EventSource(url);
    for (const [type, handle] of Object.entries(handlers)) {
      source.addEventListener(type, (event) =>
        handle(event instanceof MessageEvent ? JSON.parse(event.data) : undefined),
      );
    }
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, RETRY_MS);
    });
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source.close();
  };
}
