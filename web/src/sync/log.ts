// Following each room's log: density, hidden ranges, resets and heads.
import type { Cursor } from '../model/rooms';
import type { RoomClosedReason, RoomEvent } from '../model/stream';
import { interestChanged, roomSync, withRoom } from './interest';
import { reopen } from './link';
import { applyToRoomList, reloadRoomList } from './room-list';
import type { Effect, Env, News, Step, SyncState } from './types';

/** For how long a room may be behind the head that a heartbeat told before the stream is opened anew. */
const behindLimitMs = 2_000;
/** When a room that could not be read is asked for again. */
const unavailableRetryMs = 3_000;

export function tell(news: News): Effect {
  return { kind: 'tell', news };
}

function cursorOf(event: RoomEvent): Cursor {
  return { roomId: event.roomId, epoch: event.epoch, seq: event.seq, eventId: event.eventId };
}

/** A room's next event: known already, in place, or the sign of a gap. */
export function applyRoomEvent(state: SyncState, event: RoomEvent, env: Env): Step {
  const room = roomSync(state, event.roomId);
  const isOtherEpoch = room.cursor !== null && room.cursor.epoch !== event.epoch;
  if (room.position !== null && !isOtherEpoch) {
    if (event.seq <= room.position) return { state, effects: [] };
    if (event.seq !== room.position + 1) return reopen(state, env);
  }
  if (isOtherEpoch) return reopen(state, env);
  const ahead = room.ahead !== null && event.seq >= room.ahead.seq ? null : room.ahead;
  const moved = withRoom(state, event.roomId, { cursor: cursorOf(event), position: event.seq, ahead });
  const listed = applyToRoomList(moved, event);
  return { state: listed.state, effects: [tell({ kind: 'roomEvent', event }), ...listed.effects] };
}

/** Numbers that the reader may not see. The cursor stays at the last event, whose id is known; the position moves. */
export function applyHidden(state: SyncState, roomId: string, fromSeq: number, toSeq: number, env: Env): Step {
  const room = roomSync(state, roomId);
  if (room.position !== null) {
    if (toSeq <= room.position) return { state, effects: [] };
    if (fromSeq > room.position + 1) return reopen(state, env);
  }
  const ahead = room.ahead !== null && toSeq >= room.ahead.seq ? null : room.ahead;
  return { state: withRoom(state, roomId, { position: toSeq, ahead }), effects: [] };
}

/**
 * The room goes on from another place: the tabs load what stands before it. The log also told how many are in the room, so
 * that its entry in the list is read afresh as well.
 */
export function applyRoomReset(state: SyncState, cursor: Cursor): Step {
  const moved = withRoom(state, cursor.roomId, { cursor, position: cursor.seq, ahead: null, hadCursor: true });
  const listed = moved.roomList.held === null ? reloadRoomList(moved) : { state: moved, effects: [] };
  return { state: listed.state, effects: [tell({ kind: 'reloadRoom', roomId: cursor.roomId, seq: cursor.seq }), ...listed.effects] };
}

/** What a heartbeat tells of a room: something new, or that the stream has not brought what there is. */
export function applyHead(state: SyncState, head: Cursor, env: Env): Step {
  const room = roomSync(state, head.roomId);
  // Of a room that is not watched, or of which no event came yet, the head is all the news there is.
  if (room.watchedSince === null || room.cursor === null || room.position === null) {
    return { state, effects: [tell({ kind: 'head', roomId: head.roomId, seq: head.seq })] };
  }
  if (room.cursor.epoch !== head.epoch) return reopen(state, env);
  if (head.seq <= room.position) return { state, effects: [] };
  return { state: withRoom(state, head.roomId, { ahead: { seq: head.seq, since: room.ahead?.since ?? env.now } }), effects: [] };
}

export function applyRoomClosed(state: SyncState, roomId: string, reason: RoomClosedReason, env: Env): Step {
  const told = tell({ kind: 'roomClosed', roomId, reason });
  if (reason === 'unavailable') {
    return { state: withRoom(state, roomId, { watchedSince: null, ahead: null, retryAt: env.now + unavailableRetryMs }), effects: [told] };
  }
  const rooms = new Map(state.rooms);
  rooms.delete(roomId);
  const entries = new Map(state.roomList.entries);
  const wasListed = entries.delete(roomId);
  const next = { ...state, rooms, roomList: { ...state.roomList, entries } };
  return { state: next, effects: wasListed ? [told, tell({ kind: 'roomList', entries: [...entries.values()] })] : [told] };
}

/**
 * A room's newest messages are there, with the place they were read at. Where the stream already watches the room, its
 * own position stands, provided that it began before the reading; otherwise something may lie between the two.
 */
export function historyLoaded(before: SyncState, roomId: string, cursor: Cursor | null, requestedAt: number, env: Env): Step {
  const loading = before.interest.loading.filter((loaded) => loaded !== roomId);
  const state = interestChanged({ ...before, interest: { ...before.interest, loading } }, env);
  if (cursor === null) return { state, effects: [] };
  const room = roomSync(state, roomId);
  const isTaken = withRoom(state, roomId, { cursor, position: cursor.seq });
  const isAsked = room.watchedSince !== null || isInFlight(state, roomId);
  if (!isAsked) return { state: isTaken, effects: [] };
  if (room.cursor !== null && room.cursor.epoch !== cursor.epoch) return reopen(isTaken, env);
  const isWhole = room.hadCursor || (room.watchedSince !== null && room.watchedSince <= requestedAt);
  if (!isWhole) return reopen(isTaken, env);
  return { state: room.cursor === null ? isTaken : state, effects: [] };
}

/** Whether the stream has been asked for the room and has not said that it watches it. */
function isInFlight(state: SyncState, roomId: string): boolean {
  if (state.link.phase === 'opening') return state.link.sentRooms.includes(roomId);
  return state.interest.sent?.rooms.includes(roomId) ?? false;
}

/** Opens the stream anew where a room has been behind its head for too long. */
export function logTick(state: SyncState, env: Env): Step {
  const isBehind = [...state.rooms.values()].some((room) => room.ahead !== null && env.now - room.ahead.since >= behindLimitMs);
  return isBehind && state.link.phase === 'live' ? reopen(state, env) : { state, effects: [] };
}

export function logWakeAt(state: SyncState): number[] {
  if (state.link.phase !== 'live') return [];
  return [...state.rooms.values()].flatMap((room) => (room.ahead === null ? [] : [room.ahead.since + behindLimitMs]));
}
