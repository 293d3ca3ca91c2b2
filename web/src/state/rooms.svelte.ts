import { SvelteMap } from 'svelte/reactivity';
import type { Room, RoomEntry } from '../model/rooms';
import type { HostLink } from '../worker/connect';
import { RoomState } from './room.svelte';
import type { Seen } from './seen.svelte';

/** A room that the user was in while this page was open, as it was, and who put the user out; null where that is not known. */
export type Gone = { readonly room: Room; readonly removedBy: string | null };

/** The user's rooms, those that this tab has opened, and where there is news. */
export class Rooms {
  /** Null until the list is there. */
  entries = $state.raw<readonly RoomEntry[] | null>(null);
  readonly #opened = new SvelteMap<string, RoomState>();
  /** The last number of each room's log that is worth a look. */
  readonly #heads = new SvelteMap<string, number>();
  readonly #gone = new SvelteMap<string, Gone>();
  readonly #removals = new Map<string, string>();

  constructor(
    private readonly link: HostLink,
    private readonly seen: Seen,
    private readonly ownId: () => string,
  ) {}

  entryOf(roomId: string): RoomEntry | null {
    return this.entries?.find((entry) => entry.room.roomId === roomId) ?? null;
  }

  /** The room as this tab shows it, made when first asked for. */
  open(roomId: string): RoomState {
    const known = this.#opened.get(roomId);
    if (known !== undefined) return known;
    const room = new RoomState(roomId, this.link, this.ownId);
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

  /** Takes the list as it is now. What is no longer in it is closed: should it come back, it is read afresh. */
  list(entries: readonly RoomEntry[]): void {
    const listed = new Set(entries.map(({ room }) => room.roomId));
    for (const { room } of this.entries ?? []) {
      if (listed.has(room.roomId)) continue;
      this.close(room.roomId);
      this.#gone.set(room.roomId, { room, removedBy: this.#removals.get(room.roomId) ?? null });
    }
    for (const roomId of listed) this.#gone.delete(roomId);
    this.entries = entries;
  }

  /** The log says that the user came in (null), or that somebody else put the user out. The list says it before or after. */
  noteRemoval(roomId: string, removedBy: string | null): void {
    if (removedBy === null) {
      this.#removals.delete(roomId);
      return;
    }
    this.#removals.set(roomId, removedBy);
    const gone = this.#gone.get(roomId);
    if (gone !== undefined) this.#gone.set(roomId, { ...gone, removedBy });
  }

  /** A room that the user is no longer in, as it was, and who put the user out, where that is known. */
  goneFrom(roomId: string): Gone | null {
    return this.#gone.get(roomId) ?? null;
  }

  /** The room's log goes on from another place. */
  resetHead(roomId: string, seq: number): void {
    this.#heads.set(roomId, seq);
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
    this.#gone.clear();
    this.#removals.clear();
  }
}
