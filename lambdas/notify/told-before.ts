const MAX_REMEMBERED = 1000;

/**
 * Who was told of what, as long as this process lives. Lambda most often tries again in the same one: then nobody hears a
 * notice thrice because somebody else's webhook is down. A receiver must drop doubles all the same.
 */
export class ToldBefore {
  readonly #known = new Set<string>();

  has(sink: string, eventId: string): boolean {
    return this.#known.has(`${sink} ${eventId}`);
  }

  add(sink: string, eventId: string): void {
    this.#known.add(`${sink} ${eventId}`);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}
