/** A queue between who tells and the one who reads; it ends when the reader leaves. */
export class Feed<Item> {
  readonly #items: Item[] = [];
  #wake: (() => void) | null = null;
  #failure: Error | null = null;
  #isOver = false;

  push(item: Item): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** Ends the feed after what is in it, as a server that says no more, or with an error. */
  end(failure: Error | null = null): void {
    this.#isOver = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *read(signal: AbortSignal): AsyncGenerator<Item> {
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const item = this.#items.shift();
        if (item !== undefined) yield item;
        else if (this.#isOver) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#failure !== null) throw this.#failure;
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }
}
