import type { Cursor, RoomEntry } from '../../src/model/rooms';
import type { RoomEvent, StreamItem } from '../../src/model/stream';
import { initialState, nextWakeAt, step } from '../../src/sync/engine';
import type { Effect, Input, News, SyncState } from '../../src/sync/types';

export const garden = 'room-garden';
export const lobby = 'room-lobby';

export function entry(roomId: string): RoomEntry {
  return { room: { roomId, kind: 'public', name: roomId, topic: '', createTime: 0, memberCount: 2, directUserIds: [] }, membership: { userId: 'me', role: 'member' } };
}

export function cursor(seq: number, roomId = lobby, epoch = 'e1'): Cursor {
  return { roomId, epoch, seq, eventId: `${roomId}-${epoch}-${seq}` };
}

export function event(seq: number, roomId = lobby, epoch = 'e1'): RoomEvent {
  return { ...cursor(seq, roomId, epoch), actorId: 'ada', createTime: 0, change: { kind: 'other' } };
}

export const unavailable = { code: 'unavailable', reason: '', violations: [], retryAfterMs: null } as const;

/** The engine with a clock that a test turns. */
export class Drive {
  state: SyncState = initialState;
  now = 1_000_000;
  random = 1;
  effects: Effect[] = [];

  tell(input: Input): this {
    const next = step(this.state, input, { now: this.now, random: this.random });
    this.state = next.state;
    this.effects.push(...next.effects);
    return this;
  }

  item(item: StreamItem): this {
    return this.tell({ kind: 'item', generation: this.state.generation, item });
  }

  events(...events: RoomEvent[]): this {
    for (const each of events) this.item({ kind: 'roomEvent', event: each });
    return this;
  }

  /** Lets time pass, with every tick that the engine asks for. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (let at = nextWakeAt(this.state); at !== null && at <= end; at = nextWakeAt(this.state)) {
      this.now = Math.max(at, this.now + 1);
      this.tell({ kind: 'tick' });
    }
    this.now = Math.max(end, this.now);
    return this.tell({ kind: 'tick' });
  }

  /** Takes what was asked for so far. */
  take(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  took<Kind extends Effect['kind']>(kind: Kind): Extract<Effect, { kind: Kind }>[] {
    return this.take().filter((effect): effect is Extract<Effect, { kind: Kind }> => effect.kind === kind);
  }

  news(): News[] {
    return this.took('tell').map((effect) => effect.news);
  }

  applied(): string[] {
    return this.news().flatMap((news) => (news.kind === 'roomEvent' ? [`${news.event.roomId} ${news.event.seq}`] : []));
  }

  welcome(): this {
    return this.item({ kind: 'welcome', streamId: `stream-${this.state.generation}`, silenceLimitMs: 30_000, serverTime: this.now });
  }

  /** Signed in, in two rooms, the lobby read up to `seq`, and the stream live. */
  live(seq = 10): this {
    this.tell({ kind: 'roomListLoaded', version: 5n, entries: [entry(lobby), entry(garden)] })
      .tell({ kind: 'start' })
      .tell({ kind: 'interest', opened: [lobby], people: ['ada'] })
      .tell({ kind: 'historyLoading', roomId: lobby })
      .tell({ kind: 'historyLoaded', roomId: lobby, cursor: cursor(seq), requestedAt: this.now })
      .welcome();
    this.pass(1_500);
    this.acknowledge();
    this.take();
    return this;
  }

  /** Answers the update of interest that is on its way. */
  acknowledge(): this {
    const { sent } = this.state.interest;
    return sent === null ? this : this.item({ kind: 'interestApplied', revision: sent.revision });
  }
}
