import { SvelteMap } from 'svelte/reactivity';

const repeatMs = 3_000;

/** Who is typing where. Each entry ends by itself. */
export class Typing {
  readonly #rooms = new SvelteMap<string, readonly { readonly userId: string; readonly until: number }[]>();

  apply(roomId: string, userId: string, until: number | null): void {
    const others = (this.#rooms.get(roomId) ?? []).filter((entry) => entry.userId !== userId);
    this.#rooms.set(roomId, until === null ? others : [...others, { userId, until }]);
    if (until !== null) setTimeout(() => this.#expire(roomId), Math.max(until - Date.now(), 0) + 20);
  }

  /** Those who are typing, the first one first. */
  idsIn(roomId: string): readonly string[] {
    return (this.#rooms.get(roomId) ?? []).map((entry) => entry.userId);
  }

  forgetAll(): void {
    this.#rooms.clear();
  }

  #expire(roomId: string): void {
    const now = Date.now();
    const entries = this.#rooms.get(roomId) ?? [];
    if (entries.some((entry) => entry.until <= now)) this.#rooms.set(roomId, entries.filter((entry) => entry.until > now));
  }
}

/** Tells a room that one is typing: at once, then at most each 3 s, and when it is over. */
export class TypingTeller {
  #toldAt = Number.NEGATIVE_INFINITY;
  #roomId: string | null = null;

  constructor(
    private readonly tell: (roomId: string, isTyping: boolean) => void,
    private readonly now: () => number = Date.now,
  ) {}

  typed(roomId: string): void {
    if (this.#roomId !== roomId) this.stopped();
    if (this.#roomId === roomId && this.now() - this.#toldAt < repeatMs) return;
    this.#roomId = roomId;
    this.#toldAt = this.now();
    this.tell(roomId, true);
  }

  stopped(): void {
    if (this.#roomId === null) return;
    this.tell(this.#roomId, false);
    this.#roomId = null;
  }
}
