// One room's messages on one screen: what the server ordered, and what is still on its way. Pure: each function answers the
// next state.
import type { History, Message } from '../model/messages';
import type { Problem } from '../model/problem';

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
};

export const emptyTimeline: Timeline = { messages: [], pendings: [], ownKeys: new Map(), olderToken: '' };

/** Adds messages, each once, in the order of the log, and lets go of the pending ones that they are. */
function merged(timeline: Timeline, incoming: readonly Message[]): Timeline {
  const byId = new Map(timeline.messages.map((message) => [message.messageId, message]));
  const pendingIds = new Set(timeline.pendings.map((pending) => pending.requestId));
  const ownKeys = new Map(timeline.ownKeys);
  const arrived = new Set<string>();
  for (const message of incoming) {
    byId.set(message.messageId, message);
    if (message.requestId === '' || !pendingIds.has(message.requestId)) continue;
    arrived.add(message.requestId);
    ownKeys.set(message.messageId, message.requestId);
  }
  return {
    ...timeline,
    ownKeys,
    messages: [...byId.values()].sort((one, other) => one.seq - other.seq),
    pendings: arrived.size === 0 ? timeline.pendings : timeline.pendings.filter((pending) => !arrived.has(pending.requestId)),
  };
}

/** The newest page, in place of what was there. Later messages that came while it was being read stay. */
export function newestLoaded(timeline: Timeline, history: History): Timeline {
  const readTo = history.cursor?.seq ?? history.messages.at(-1)?.seq ?? 0;
  const later = timeline.messages.filter((message) => message.seq > readTo);
  return merged({ ...timeline, messages: later, olderToken: history.olderToken }, history.messages);
}

export function olderLoaded(timeline: Timeline, history: History): Timeline {
  return merged({ ...timeline, olderToken: history.olderToken }, history.messages);
}

/** A message from the stream or from an acknowledgement, whichever comes first. */
export function received(timeline: Timeline, message: Message): Timeline {
  return merged(timeline, [message]);
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
