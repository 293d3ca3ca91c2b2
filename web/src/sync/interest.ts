// What the stream shall watch, and telling it when that changes.
import type { Cursor } from '../model/rooms';
import type { Interest } from '../model/stream';
import type { Env, InterestSync, RoomSync, Step, SyncState } from './types';

/** The contract's caps on what one stream watches. */
const maxRooms = 200;
const maxPeople = 500;
/** Changes within this time go in one call. */
const gatherMs = 60;
/** After how long an update that is not applied is sent anew. */
const unappliedMs = 5_000;

export const unwatched: RoomSync = { cursor: null, position: null, watchedSince: null, hadCursor: false, ahead: null, retryAt: null };

export function roomSync(state: SyncState, roomId: string): RoomSync {
  return state.rooms.get(roomId) ?? unwatched;
}

export function withRoom(state: SyncState, roomId: string, change: Partial<RoomSync>): SyncState {
  const rooms = new Map(state.rooms);
  rooms.set(roomId, { ...roomSync(state, roomId), ...change });
  return { ...state, rooms };
}

/** A cursor of which only the room is set: from now on. */
function fromNowOn(roomId: string): Cursor {
  return { roomId, epoch: '', seq: 0, eventId: '' };
}

/**
 * The rooms that are open in a tab, then the user's other rooms up to the cap. A room that cannot be read just now is
 * left out until it may be asked for again; one whose history is being read, until its cursor is there.
 */
export function watchedInterest(state: SyncState, now: number): Interest {
  const { opened, loading, people } = state.interest;
  const joined = state.roomList.entries;
  const wanted = [...new Set([...opened, ...joined.keys()])].filter((roomId) => {
    const room = roomSync(state, roomId);
    const isLoading = loading.includes(roomId) && room.cursor === null && room.watchedSince === null;
    const isResting = room.retryAt !== null && room.retryAt > now;
    return joined.has(roomId) && !isLoading && !isResting;
  });
  return {
    rooms: wanted.slice(0, maxRooms).map((roomId) => roomSync(state, roomId).cursor ?? fromNowOn(roomId)),
    presenceUserIds: people.slice(0, maxPeople),
  };
}

/** Notes that the stream must be told soon. */
export function interestChanged(state: SyncState, env: Env): SyncState {
  if (state.interest.dueAt !== null) return state;
  return { ...state, interest: { ...state.interest, dueAt: env.now + gatherMs } };
}

/** Tells the stream what to watch, under the next revision. */
function send(state: SyncState, streamId: string, env: Env): Step {
  const revision = state.interest.revision + 1n;
  const interest = watchedInterest(state, env.now);
  const rooms = new Map<string, RoomSync>();
  for (const [roomId, room] of state.rooms) {
    rooms.set(roomId, { ...room, retryAt: room.retryAt !== null && room.retryAt > env.now ? room.retryAt : null });
  }
  for (const { roomId } of interest.rooms) {
    const room = rooms.get(roomId) ?? unwatched;
    rooms.set(roomId, { ...room, hadCursor: room.watchedSince === null ? room.cursor !== null : room.hadCursor });
  }
  const ids = interest.rooms.map((cursor) => cursor.roomId);
  const sent = { revision, at: env.now, rooms: ids };
  const told = { rooms: ids, people: interest.presenceUserIds };
  return {
    state: { ...state, rooms, interest: { ...state.interest, revision, sent, told, dueAt: null } },
    effects: [{ kind: 'updateInterest', generation: state.generation, streamId, revision, interest }],
  };
}

/** The stream says that it watches what it was told. */
export function interestApplied(state: SyncState, revision: bigint, env: Env): SyncState {
  const { sent } = state.interest;
  if (sent === null || revision < sent.revision) return state;
  const watched = new Set(sent.rooms);
  const rooms = new Map<string, RoomSync>();
  for (const [roomId, room] of state.rooms) {
    rooms.set(roomId, watched.has(roomId) ? { ...room, watchedSince: room.watchedSince ?? env.now } : { ...room, watchedSince: null });
  }
  for (const roomId of watched) if (!rooms.has(roomId)) rooms.set(roomId, { ...unwatched, watchedSince: env.now });
  return { ...state, rooms, interest: { ...state.interest, sent: null } };
}

/** Whether the stream watches already what it should. The order of rooms makes no difference to it. */
function isTold(state: SyncState, env: Env): boolean {
  const { told } = state.interest;
  const wanted = watchedInterest(state, env.now);
  const [rooms, people] = [new Set(told.rooms), new Set(told.people)];
  return (
    rooms.size === wanted.rooms.length &&
    people.size === wanted.presenceUserIds.length &&
    wanted.rooms.every(({ roomId }) => rooms.has(roomId)) &&
    wanted.presenceUserIds.every((userId) => people.has(userId))
  );
}

/** What time alone brings about in the interest. */
export function interestTick(state: SyncState, env: Env): Step {
  const { link, interest } = state;
  if (link.phase !== 'live') return { state, effects: [] };
  const isUnapplied = interest.sent !== null && env.now - interest.sent.at >= unappliedMs;
  const isDue = interest.dueAt !== null && env.now >= interest.dueAt;
  const isAskedAgain = [...state.rooms.values()].some((room) => room.retryAt !== null && env.now >= room.retryAt);
  if (!isUnapplied && !isDue && !isAskedAgain) return { state, effects: [] };
  if (!isUnapplied && !isAskedAgain && isTold(state, env)) return { state: { ...state, interest: { ...interest, dueAt: null } }, effects: [] };
  return send(state, link.streamId, env);
}

/** When the interest next needs a tick. */
export function interestWakeAt(state: SyncState): number[] {
  if (state.link.phase !== 'live') return [];
  const { interest }: { interest: InterestSync } = state;
  const times: number[] = [];
  if (interest.dueAt !== null) times.push(interest.dueAt);
  if (interest.sent !== null) times.push(interest.sent.at + unappliedMs);
  for (const room of state.rooms.values()) if (room.retryAt !== null) times.push(room.retryAt);
  return times;
}
