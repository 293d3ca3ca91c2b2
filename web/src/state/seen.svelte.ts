import { SvelteMap } from 'svelte/reactivity';
import type { Cursor } from '../model/rooms';

/** For how many rooms the place is kept; the stream goes on from there when the page comes back. */
const kept = 30;

function isCursor(value: unknown): value is Cursor {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Partial<Record<keyof Cursor, unknown>>;
  return typeof fields.roomId === 'string' && typeof fields.epoch === 'string' && typeof fields.seq === 'number' && typeof fields.eventId === 'string';
}

function read(key: string): Cursor[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isCursor) : [];
  } catch {
    return [];
  }
}

const lastUserKey = 'loquat.last-user';

/** How far this browser has seen each room, kept over reloads. The server keeps no read marks yet. */
export class Seen {
  readonly #cursors = new SvelteMap<string, Cursor>();
  #key = '';

  constructor() {
    addEventListener('storage', (event) => {
      if (event.key === this.#key && this.#key !== '') this.#load();
    });
  }

  /** Whether somebody has signed in in this browser before. */
  get knowsSomebody(): boolean {
    return localStorage.getItem(lastUserKey) !== null;
  }

  /** What the user of last time had seen, before it is known who comes. */
  atLastVisit(): readonly Cursor[] {
    const userId = localStorage.getItem(lastUserKey);
    return userId === null ? [] : read(`loquat.seen.${userId}`);
  }

  begin(userId: string): void {
    localStorage.setItem(lastUserKey, userId);
    this.#key = `loquat.seen.${userId}`;
    this.#cursors.clear();
    this.#load();
  }

  seqOf(roomId: string): number {
    return this.#cursors.get(roomId)?.seq ?? 0;
  }

  mark(cursor: Cursor): void {
    const known = this.#cursors.get(cursor.roomId);
    if (this.#key === '' || (known?.epoch === cursor.epoch && known.seq >= cursor.seq)) return;
    this.#load();
    this.#cursors.set(cursor.roomId, cursor);
    const newestLast = [...this.#cursors.values()].filter((other) => other.roomId !== cursor.roomId).slice(1 - kept);
    localStorage.setItem(this.#key, JSON.stringify([...newestLast, cursor]));
  }

  #load(): void {
    for (const cursor of read(this.#key)) if (cursor.seq > this.seqOf(cursor.roomId)) this.#cursors.set(cursor.roomId, cursor);
  }
}
