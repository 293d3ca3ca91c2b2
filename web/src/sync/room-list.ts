// The user's list of rooms: a page of it, then each change after its version, equals the list read afresh.
import type { RoomEntry } from '../model/rooms';
import type { RoomEvent, UserRoomChange } from '../model/stream';
import { interestChanged } from './interest';
import type { Effect, Env, Step, SyncState } from './types';

/** For how long the list may be behind the version that a heartbeat told before it is read afresh. */
const behindLimitMs = 2_000;

function listNews(entries: ReadonlyMap<string, RoomEntry>): Effect {
  return { kind: 'tell', news: { kind: 'roomList', entries: [...entries.values()] } };
}

function withEntries(state: SyncState, entries: ReadonlyMap<string, RoomEntry>): SyncState {
  return { ...state, roomList: { ...state.roomList, entries } };
}

/** The room first, as the server lists the newest membership first; one that is there keeps its place. */
function gained(entries: ReadonlyMap<string, RoomEntry>, entry: RoomEntry): Map<string, RoomEntry> {
  if (entries.has(entry.room.roomId)) return new Map(entries).set(entry.room.roomId, entry);
  return new Map([[entry.room.roomId, entry], ...entries]);
}

function without(state: SyncState, roomId: string): SyncState {
  const entries = new Map(state.roomList.entries);
  const rooms = new Map(state.rooms);
  entries.delete(roomId);
  rooms.delete(roomId);
  return { ...withEntries(state, entries), rooms };
}

/** A call of ours changed the list; the stream says the same later. */
export function roomGained(state: SyncState, entry: RoomEntry, env: Env): Step {
  const next = interestChanged(withEntries(state, gained(state.roomList.entries, entry)), env);
  return { state: next, effects: [listNews(next.roomList.entries)] };
}

export function roomLost(state: SyncState, roomId: string, env: Env): Step {
  const next = interestChanged(without(state, roomId), env);
  return { state: next, effects: [listNews(next.roomList.entries)] };
}

/** A change by the server. One that is not above our version is known already. */
export function applyUserRoomChange(state: SyncState, change: UserRoomChange, env: Env): Step {
  const { roomList } = state;
  if (roomList.held !== null) {
    return { state: { ...state, roomList: { ...roomList, held: [...roomList.held, { kind: 'userStateChanged', change }] } }, effects: [] };
  }
  if (change.version <= roomList.version) return { state, effects: [] };
  const next = change.change.kind === 'gained' ? roomGained(state, change.change.entry, env) : roomLost(state, change.change.roomId, env);
  return { state: { ...next.state, roomList: { ...next.state.roomList, version: change.version, behindSince: null } }, effects: next.effects };
}

/** The list must be read afresh, also where it is being read: that may have been before. */
export function applyUserReset(state: SyncState, version: bigint): Step {
  return reloadRoomList({ ...state, roomList: { ...state.roomList, version } });
}

/** Has the list read afresh; what comes meanwhile is held. */
export function reloadRoomList(state: SyncState): Step {
  const { roomList } = state;
  const next = { ...roomList, loads: roomList.loads + 1, held: roomList.held ?? [], behindSince: null };
  return { state: { ...state, roomList: next }, effects: [{ kind: 'loadRoomList' }] };
}

/** A heartbeat tells how new the list is. The change that made it so may be on its way. */
export function applyUserStateVersion(state: SyncState, version: bigint, env: Env): SyncState {
  const { roomList } = state;
  if (roomList.held !== null) return state;
  const behindSince = version > roomList.version ? (roomList.behindSince ?? env.now) : null;
  return behindSince === roomList.behindSince ? state : { ...state, roomList: { ...roomList, behindSince } };
}

/** Has the list read afresh where it has been behind for too long. */
export function roomListTick(state: SyncState, env: Env): Step {
  const { behindSince } = state.roomList;
  const isBehind = behindSince !== null && env.now - behindSince >= behindLimitMs;
  return isBehind && state.link.phase === 'live' ? reloadRoomList(state) : { state, effects: [] };
}

export function roomListWakeAt(state: SyncState): number[] {
  const { behindSince } = state.roomList;
  return behindSince === null || state.link.phase !== 'live' ? [] : [behindSince + behindLimitMs];
}

export function roomListLoaded(state: SyncState, version: bigint, entries: readonly RoomEntry[], env: Env): Step {
  const loads = Math.max(state.roomList.loads - 1, 0);
  // A later reading is on its way, and may be the first that is late enough.
  if (loads > 0) return { state: { ...state, roomList: { ...state.roomList, loads } }, effects: [] };
  const listed = new Map(entries.map((entry) => [entry.room.roomId, entry]));
  const rooms = new Map([...state.rooms].filter(([roomId]) => listed.has(roomId)));
  const held = state.roomList.held ?? [];
  let next: SyncState = interestChanged({ ...state, rooms, roomList: { version, entries: listed, held: null, loads, behindSince: null } }, env);
  for (const item of held) next = applyUserRoomChange(next, item.change, env).state;
  return { state: next, effects: [listNews(next.roomList.entries)] };
}

/** What a room's own log says of its entry in the list. */
export function applyToRoomList(state: SyncState, event: RoomEvent): Step {
  const entry = state.roomList.entries.get(event.roomId);
  const { change } = event;
  if (entry === undefined || (change.kind !== 'roomUpdated' && change.kind !== 'membershipsChanged')) return { state, effects: [] };
  const room = change.kind === 'roomUpdated' ? change.room : { ...entry.room, memberCount: change.memberCount };
  const next = withEntries(state, new Map(state.roomList.entries).set(event.roomId, { ...entry, room }));
  return { state: next, effects: [listNews(next.roomList.entries)] };
}
