// One room's messages on one screen: what the server ordered, and what is still on its way. Pure: each function answers the
// next state.
import type { History, Message } from '../model/messages';
import type { Problem } from '../model/problem';
import type { RoomEvent } from '../model/stream';
import type { MessageChangeEvent } from './fold';
import { folded, isMessageChange, later, tombstone } from './fold';

/** A message of one's own that is not acknowledged. */
export type Pending = {
  readonly requestId: string;
  readonly text: string;
  readonly createTime: number;
  /** What went wrong; null while it is being sent. */
  readonly problem: Problem | null;
};

export type Timeline = {
  /** By `seq`, each message once. */
  readonly messages: readonly Message[];
  /** In the order in which they were written. */
  readonly pendings: readonly Pending[];
  /** Under which name a message of one's own came on screen, so that its place stays the same when it is acknowledged. */
  readonly ownKeys: ReadonlyMap<string, string>;
  readonly olderToken: string;
  /** How many pages are being read. */
  readonly reads: number;
  /** What happened to messages since the first of these began, for a page that was read before it happened. */
  readonly tail: readonly MessageChangeEvent[];
};

export const emptyTimeline: Timeline = { messages: [], pendings: [], ownKeys: new Map(), olderToken: '', reads: 0, tail: [] };

/** Adds messages, each once, in the order of the log, and lets go of the pending ones that they are. */
function merged(timeline: Timeline, incoming: readonly Message[]): Timeline {
  const bySeq = new Map(timeline.messages.map((message) => [message.seq, message]));
  const pendingIds = new Set(timeline.pendings.map((pending) => pending.requestId));
  const ownKeys = new Map(timeline.ownKeys);
  const arrived = new Set<string>();
  for (const message of incoming) {
    bySeq.set(message.seq, later(bySeq.get(message.seq), message));
    if (message.requestId === '' || !pendingIds.has(message.requestId)) continue;
    arrived.add(message.requestId);
    ownKeys.set(message.messageId, message.requestId);
  }
  return {
    ...timeline,
    ownKeys,
    messages: [...bySeq.values()].sort((one, other) => one.seq - other.seq),
    pendings: arrived.size === 0 ? timeline.pendings : timeline.pendings.filter((pending) => !arrived.has(pending.requestId)),
  };
}

/** The messages of a page as they are by now. */
function caughtUp({ tail }: Timeline, { messages }: History, ownId: string): Message[] {
  return messages.map((message) => tail.filter(({ change }) => change.messageSeq === message.seq).reduce((now, event) => folded(now, event, ownId), message));
}

/** A page begins to be read. */
export function readBegun(timeline: Timeline): Timeline {
  return { ...timeline, reads: timeline.reads + 1 };
}

/** A page was read, or could not be. */
export function readEnded(timeline: Timeline): Timeline {
  const reads = Math.max(timeline.reads - 1, 0);
  return { ...timeline, reads, tail: reads === 0 ? [] : timeline.tail };
}

/** The newest page, in place of what was there. Later messages that came while it was being read stay. */
export function newestLoaded(timeline: Timeline, history: History, ownId: string): Timeline {
  const readTo = history.cursor?.seq ?? history.messages.at(-1)?.seq ?? 0;
  const since = timeline.messages.filter((message) => message.seq > readTo);
  return merged({ ...timeline, messages: since, olderToken: history.olderToken }, caughtUp(timeline, history, ownId));
}

export function olderLoaded(timeline: Timeline, history: History, ownId: string): Timeline {
  return merged({ ...timeline, olderToken: history.olderToken }, caughtUp(timeline, history, ownId));
}

/** A message as it was sent, from an acknowledgement. The stream may have said it before, and more. */
export function received(timeline: Timeline, message: Message): Timeline {
  return merged(timeline, [message]);
}

/** An event of the room's log. What is no event of a message changes nothing. */
export function applied(timeline: Timeline, event: RoomEvent, ownId: string): Timeline {
  if (event.change.kind === 'messageSent') return merged(timeline, [event.change.message]);
  if (event.change.kind === 'blanked') return event.change.wasMessage ? merged(timeline, [tombstone(event)]) : timeline;
  if (!isMessageChange(event)) return timeline;
  const { messageSeq } = event.change;
  const messages = timeline.messages.map((message) => (message.seq === messageSeq ? folded(message, event, ownId) : message));
  return { ...timeline, messages, tail: timeline.reads === 0 ? [] : [...timeline.tail, event] };
}

/** The log goes on after `seq` with something else: what this screen has beyond is not in it any more. */
export function cutBack(timeline: Timeline, seq: number): Timeline {
  return { ...timeline, messages: timeline.messages.filter((message) => message.seq <= seq), tail: [] };
}

export function queued(timeline: Timeline, pending: Pending): Timeline {
  return { ...timeline, pendings: [...timeline.pendings, pending] };
}

function changed(timeline: Timeline, requestId: string, problem: Problem | null): Timeline {
  return { ...timeline, pendings: timeline.pendings.map((pending) => (pending.requestId === requestId ? { ...pending, problem } : pending)) };
}

export function failed(timeline: Timeline, requestId: string, problem: Problem): Timeline {
  return changed(timeline, requestId, problem);
}

/** Goes on its way again, under the same id, so that it is there once whatever became of the first try. */
export function retried(timeline: Timeline, requestId: string): Timeline {
  return changed(timeline, requestId, null);
}

export function removed(timeline: Timeline, requestId: string): Timeline {
  return { ...timeline, pendings: timeline.pendings.filter((pending) => pending.requestId !== requestId) };
}
