import { isTransient, problemOf } from '../model/problem';
import { failed, queued, received, removed, retried } from '../timeline/history';
import type { HostLink } from '../worker/connect';
import { newRequestId } from './request-id';
import type { RoomState } from './room.svelte';

/** The waits before a send is tried again by itself, while it is not known what became of it. */
const retryMs = [400, 1_200];

/**
 * Sends one's own messages. They show at once, leave one after the other in each room, and keep their `request_id` through
 * every try, so that each is there once whatever happens on the way.
 */
export class Outbox {
  readonly #chains = new Map<string, Promise<void>>();

  constructor(
    private readonly link: HostLink,
    private readonly sleep: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    private readonly now: () => number = Date.now,
  ) {}

  send(room: RoomState, text: string): Promise<void> {
    const requestId = newRequestId();
    room.timeline = queued(room.timeline, { requestId, text, createTime: this.now(), problem: null });
    return this.#enqueue(room, requestId, text);
  }

  retry(room: RoomState, requestId: string): Promise<void> {
    const pending = room.timeline.pendings.find((other) => other.requestId === requestId);
    if (pending === undefined) return Promise.resolve();
    room.timeline = retried(room.timeline, requestId);
    return this.#enqueue(room, requestId, pending.text);
  }

  remove(room: RoomState, requestId: string): void {
    room.timeline = removed(room.timeline, requestId);
  }

  #enqueue(room: RoomState, requestId: string, text: string): Promise<void> {
    const before = this.#chains.get(room.roomId) ?? Promise.resolve();
    const turn = before.then(() => this.#deliver(room, requestId, text));
    this.#chains.set(room.roomId, turn);
    return turn;
  }

  async #deliver(room: RoomState, requestId: string, text: string): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const message = await this.link.call('sendMessage', { roomId: room.roomId, requestId, text });
        room.timeline = received(room.timeline, message);
        return;
      } catch (error) {
        const problem = problemOf(error);
        const wait = retryMs[attempt];
        if (!isTransient(problem) || wait === undefined) {
          room.timeline = failed(room.timeline, requestId, problem);
          return;
        }
        await this.sleep(problem.retryAfterMs ?? wait);
      }
    }
  }
}
