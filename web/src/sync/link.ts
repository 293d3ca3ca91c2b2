// The life of the stream: opening, silence, back-off, and what the banner says of it.
import type { Problem } from '../model/problem';
import { roomSync, watchedInterest } from './interest';
import type { Effect, Env, LinkStatus, RoomSync, Step, SyncState } from './types';

/** The first back-off and the longest; the wait is a random part of it (full jitter), doubled with each attempt. */
const backoffBaseMs = 500;
const backoffCapMs = 10_000;
/** After how long without `Welcome` an attempt has failed. */
const openingLimitMs = 10_000;
/** A stream that held this long has proved the way: the next attempt starts from the first back-off. */
const provedMs = 5_000;
/** A stream that is younger than this is not opened anew at once, or a fault of ours would spin. */
const spinGuardMs = 1_000;
/** A break shorter than this is nobody's business. */
const bannerAfterMs = 2_000;
/** How long the first stream waits for the first room's history, whose cursor it then starts from. */
export const firstHistoryMs = 500;

export function backoff(attempt: number, random: number): number {
  return random * Math.min(backoffCapMs, backoffBaseMs * 2 ** attempt);
}

/** Opens a stream from the cursors reached. */
export function open(state: SyncState, env: Env): Step {
  const generation = state.generation + 1;
  const interest = watchedInterest(state, env.now);
  const sentRooms = interest.rooms.map((cursor) => cursor.roomId);
  const rooms = new Map<string, RoomSync>();
  for (const [roomId, room] of state.rooms) {
    const retryAt = sentRooms.includes(roomId) ? null : room.retryAt;
    rooms.set(roomId, { ...room, watchedSince: null, hadCursor: room.cursor !== null, ahead: null, position: room.cursor?.seq ?? null, retryAt });
  }
  return {
    state: {
      ...state,
      generation,
      rooms,
      link: { phase: 'opening', since: env.now, sentRooms },
      interest: { ...state.interest, revision: 0n, sent: null, told: { rooms: sentRooms, people: interest.presenceUserIds }, dueAt: null },
    },
    effects: [{ kind: 'open', generation, interest, userStateVersion: state.roomList.version }],
  };
}

/** Closes the stream, if there is one, and opens another: at once, unless it has only just begun. */
export function reopen(state: SyncState, env: Env): Step {
  if (state.link.phase !== 'opening' && state.link.phase !== 'live') return { state, effects: [] };
  const close: Effect[] = [{ kind: 'close', generation: state.generation }];
  const isYoung = state.link.phase === 'live' && env.now - state.link.since < spinGuardMs;
  const next = isYoung ? wait(state, env) : open(markDown(state, env), env);
  return { state: next.state, effects: [...close, ...next.effects] };
}

function markDown(state: SyncState, env: Env): SyncState {
  return state.downSince === null ? { ...state, downSince: env.now } : state;
}

/** Waits before the next attempt. */
export function wait(state: SyncState, env: Env): Step {
  const held = state.link.phase === 'live' && env.now - state.link.since >= provedMs;
  const attempt = held ? 0 : state.attempt;
  const retryAt = env.now + backoff(attempt, env.random);
  return { state: { ...markDown(state, env), attempt: attempt + 1, link: { phase: 'waiting', retryAt } }, effects: [] };
}

/** The stream ended without a word, or could not be opened. */
export function ended(state: SyncState, problem: Problem | null, env: Env): Step {
  const next = wait(state, env);
  if (problem?.code === 'unauthenticated') return { state: next.state, effects: [{ kind: 'renewSession' }] };
  return next;
}

export function welcomed(state: SyncState, streamId: string, silenceLimitMs: number, env: Env): Step {
  if (state.link.phase !== 'opening') return { state, effects: [] };
  const rooms = new Map(state.rooms);
  for (const roomId of state.link.sentRooms) rooms.set(roomId, { ...roomSync(state, roomId), watchedSince: env.now });
  return {
    state: { ...state, rooms, downSince: null, link: { phase: 'live', since: env.now, streamId, silenceLimitMs, heardAt: env.now } },
    effects: [],
  };
}

/** Notes that the stream spoke. */
export function heard(state: SyncState, env: Env): SyncState {
  if (state.link.phase !== 'live') return state;
  const attempt = env.now - state.link.since >= provedMs ? 0 : state.attempt;
  return { ...state, attempt, link: { ...state.link, heardAt: env.now } };
}

/** What time alone brings about in the connection. */
export function linkTick(state: SyncState, env: Env): Step {
  const { link } = state;
  switch (link.phase) {
    case 'holding':
      return env.now >= link.until ? open(state, env) : { state, effects: [] };
    case 'waiting':
      return env.now >= link.retryAt ? open(state, env) : { state, effects: [] };
    case 'opening': {
      if (env.now - link.since < openingLimitMs) return { state, effects: [] };
      const next = wait(state, env);
      return { state: next.state, effects: [{ kind: 'close', generation: state.generation }] };
    }
    case 'live':
      return env.now - link.heardAt > link.silenceLimitMs ? reopen(state, env) : { state, effects: [] };
    case 'stopped':
      return { state, effects: [] };
  }
}

/** When the connection next needs a tick. */
export function linkWakeAt(state: SyncState): number[] {
  const times: number[] = [];
  const { link } = state;
  if (link.phase === 'holding') times.push(link.until);
  if (link.phase === 'waiting') times.push(link.retryAt);
  if (link.phase === 'opening') times.push(link.since + openingLimitMs);
  if (link.phase === 'live') times.push(link.heardAt + link.silenceLimitMs + 1);
  if (state.downSince !== null && link.phase !== 'stopped' && state.status === 'quiet') times.push(state.downSince + bannerAfterMs);
  return times;
}

/** What the banner should say now. */
export function statusNow(state: SyncState, env: Env): LinkStatus {
  if (state.link.phase === 'stopped' || state.downSince === null || env.now - state.downSince < bannerAfterMs) return 'quiet';
  return state.isOnline ? 'reconnecting' : 'offline';
}
