import { SvelteMap } from 'svelte/reactivity';
import type { RoomEntry } from '../model/rooms';
import type { HostLink } from '../worker/connect';
import { RoomState } from './room.svelte';
import type { Seen } from './seen.svelte';

/** The user's rooms, those that this tab has opened, and where there is news. */
export class Rooms {
  /** Null until the list is there. */
  entries = $state.raw<readonly RoomEntry[] | null>(null);
  readonly #opened = new SvelteMap<string, RoomState>();
  /** The last number of each room's log that is worth a look. */
  readonly #heads = new SvelteMap<string, number>();

  constructor(
    private readonly link: HostLink,
    private readonly seen: Seen,
  ) {}

  entryOf(roomId: string): RoomEntry | null {
    return this.entries?.find((entry) => entry.room.roomId === roomId) ?? null;
  }

  /** The room as this tab shows it, made when first asked for. */
  open(roomId: string): RoomState {
    const known = this.#opened.get(roomId);
    if (known !== undefined) return known;
    const room = new RoomState(roomId, this.link);
    this.#opened.set(roomId, room);
    return room;
  }

  opened(roomId: string): RoomState | null {
    return this.#opened.get(roomId) ?? null;
  }

  openedIds(): readonly string[] {
    return [...this.#opened.keys()];
  }

  close(roomId: string): void {
    this.#opened.delete(roomId);
  }

  noteHead(roomId: string, seq: number): void {
    if (seq > (this.#heads.get(roomId) ?? 0)) this.#heads.set(roomId, seq);
  }

  hasNews(roomId: string): boolean {
    return (this.#heads.get(roomId) ?? 0) > this.seen.seqOf(roomId);
  }

  forgetAll(): void {
    this.entries = null;
    this.#opened.clear();
    this.#heads.clear();
  }
}
