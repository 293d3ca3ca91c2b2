/**
 * The sync engine: a pure state machine between the event stream and the tabs. It is told what happens (`Input`) and
 * answers what to do (`Effect`); it knows no clock, no randomness, no network and no page. The worker runs it for all tabs.
 *
 * What it keeps: each room's events reach the tabs once, in order and without a hole, however the stream breaks; the list of
 * rooms equals the server's; nobody waits on a stream that is dead.
 */
import type { StreamItem } from '../model/stream';
import { interestApplied, interestChanged, interestTick, interestWakeAt, withRoom } from './interest';
import { ended, firstHistoryMs, heard, linkTick, linkWakeAt, open, reopen, statusNow, welcomed } from './link';
import { applyHead, applyHidden, applyRoomClosed, applyRoomEvent, applyRoomReset, historyLoaded, logTick, logWakeAt, tell } from './log';
import { applyUserReset, applyUserRoomChange, applyUserStateVersion, roomGained, roomListLoaded, roomListTick, roomListWakeAt, roomLost } from './room-list';
import type { Effect, Env, Input, Step, SyncState } from './types';

export const initialState: SyncState = {
  link: { phase: 'stopped' },
  generation: 0,
  attempt: 0,
  downSince: null,
  isOnline: true,
  status: 'quiet',
  clockSkew: 0,
  rooms: new Map(),
  roomList: { version: 0n, entries: new Map(), held: null, loads: 0, behindSince: null },
  interest: { opened: [], loading: [], people: [], revision: 0n, sent: null, told: { rooms: [], people: [] }, dueAt: null },
  presences: new Map(),
};

/** How long typing holds where the server does not say, and the longest that is believed. */
const typingHoldsMs = 5_000;

function hasStream(state: SyncState): boolean {
  return state.link.phase === 'opening' || state.link.phase === 'live';
}

function only(state: SyncState): Step {
  return { state, effects: [] };
}

function closing(state: SyncState, reason: Extract<StreamItem, { kind: 'closing' }>['reason'], env: Env): Step {
  if (reason === 'sessionEnded') {
    return { state: { ...state, link: { phase: 'stopped' } }, effects: [{ kind: 'close', generation: state.generation }, { kind: 'sessionEnded' }] };
  }
  return reopen(state, env);
}

function applyItem(before: SyncState, item: StreamItem, env: Env): Step {
  const state = heard(before, env);
  switch (item.kind) {
    case 'welcome': {
      const clockSkew = item.serverTime === null ? state.clockSkew : item.serverTime - env.now;
      return welcomed({ ...state, clockSkew }, item.streamId, item.silenceLimitMs, env);
    }
    case 'roomEvent':
      return applyRoomEvent(state, item.event, env);
    case 'hidden':
      return applyHidden(state, item.roomId, item.fromSeq, item.toSeq, env);
    case 'resetRoom':
      return applyRoomReset(state, item.cursor);
    case 'resetUserState':
      return applyUserReset(state, item.version);
    case 'heartbeat': {
      const { generation } = state;
      return item.heads.reduce<Step>((step, head) => {
        if (step.state.generation !== generation || step.state.link.phase !== 'live') return step;
        const next = applyHead(step.state, head, env);
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      }, only(applyUserStateVersion(state, item.userStateVersion, env)));
    }
    case 'userStateChanged':
      return applyUserRoomChange(state, item.change, env);
    case 'presence': {
      const presences = new Map(state.presences).set(item.presence.userId, item.presence);
      return { state: { ...state, presences }, effects: [tell({ kind: 'presence', presence: item.presence })] };
    }
    case 'typing': {
      const left = item.expireTime === null ? typingHoldsMs : item.expireTime - state.clockSkew - env.now;
      const until = item.isTyping ? env.now + Math.min(Math.max(left, 0), typingHoldsMs) : null;
      return { state, effects: [tell({ kind: 'typing', roomId: item.roomId, userId: item.userId, until })] };
    }
    case 'interestApplied':
      return only(interestApplied(state, item.revision, env));
    case 'roomClosed':
      return applyRoomClosed(state, item.roomId, item.reason, env);
    case 'closing':
      return closing(state, item.reason, env);
    case 'unknown':
      return only(state);
  }
}

function tick(state: SyncState, env: Env): Step {
  let step = linkTick(state, env);
  if (step.effects.length > 0) return step;
  step = logTick(step.state, env);
  if (step.effects.length > 0) return step;
  step = roomListTick(step.state, env);
  if (step.effects.length > 0) return step;
  return interestTick(step.state, env);
}

function afterHistory(state: SyncState, input: Extract<Input, { kind: 'historyLoaded' }>, env: Env): Step {
  const step = historyLoaded(state, input.roomId, input.cursor, input.requestedAt, env);
  if (step.state.link.phase !== 'holding' || step.state.interest.loading.length > 0) return step;
  const next = open(step.state, env);
  return { state: next.state, effects: [...step.effects, ...next.effects] };
}

function apply(state: SyncState, input: Input, env: Env): Step {
  switch (input.kind) {
    case 'roomListLoaded':
      return roomListLoaded(state, input.version, input.entries, env);
    case 'roomGained':
      return roomGained(state, input.entry, env);
    case 'roomLost':
      return roomLost(state, input.roomId, env);
    case 'start':
      if (state.link.phase !== 'stopped') return only(state);
      return only({ ...state, downSince: env.now, link: { phase: 'holding', until: env.now + firstHistoryMs } });
    case 'stop':
      return { state: { ...initialState, isOnline: state.isOnline, generation: state.generation }, effects: [{ kind: 'close', generation: state.generation }] };
    case 'interest': {
      const interest = { ...state.interest, opened: input.opened, people: input.people };
      const people = new Set(input.people);
      const presences = new Map([...state.presences].filter(([userId]) => people.has(userId)));
      return only(interestChanged({ ...state, interest, presences }, env));
    }
    case 'historyLoading': {
      const loading = [...state.interest.loading.filter((roomId) => roomId !== input.roomId), input.roomId];
      return only({ ...state, interest: { ...state.interest, loading } });
    }
    case 'historyLoaded':
      return afterHistory(state, input, env);
    case 'historyFailed': {
      const loading = state.interest.loading.filter((roomId) => roomId !== input.roomId);
      return only(interestChanged({ ...state, interest: { ...state.interest, loading } }, env));
    }
    case 'seenBefore':
      return only(
        input.cursors.reduce((next, cursor) => {
          if (next.rooms.has(cursor.roomId) || !next.roomList.entries.has(cursor.roomId)) return next;
          return withRoom(next, cursor.roomId, { cursor, position: cursor.seq });
        }, state),
      );
    case 'item':
      return input.generation === state.generation && hasStream(state) ? applyItem(state, input.item, env) : only(state);
    case 'streamEnded':
      if (input.generation !== state.generation || !hasStream(state)) return only(state);
      return ended(state, input.problem, env);
    case 'interestFailed':
      if (input.generation !== state.generation || state.interest.sent?.revision !== input.revision) return only(state);
      return input.problem.code === 'notFound' ? reopen(state, env) : only(state);
    case 'online': {
      const next = { ...state, isOnline: input.isOnline };
      return input.isOnline && state.link.phase === 'waiting' ? open({ ...next, attempt: 0 }, env) : only(next);
    }
    case 'tick':
      return tick(state, env);
  }
}

/** Takes one input and answers the next state with what is to be done. */
export function step(state: SyncState, input: Input, env: Env): Step {
  const next = apply(state, input, env);
  const status = statusNow(next.state, env);
  if (status === next.state.status) return next;
  const effects: Effect[] = [...next.effects, tell({ kind: 'link', status })];
  return { state: { ...next.state, status }, effects };
}

/** When the engine next wants a tick, in milliseconds since the epoch; null for never. */
export function nextWakeAt(state: SyncState): number | null {
  const times = [...linkWakeAt(state), ...logWakeAt(state), ...roomListWakeAt(state), ...interestWakeAt(state)];
  return times.length === 0 ? null : Math.min(...times);
}
