import { SvelteMap } from 'svelte/reactivity';
import type { Availability, Presence, User } from '../model/people';
import { words } from '../words';

const batchSize = 200;
const gatherMs = 15;
/** How long a person who could not be asked for is left alone. */
const retryMs = 5_000;

/** Who people are and whether they are there. Names are asked for when first needed, many in one call. */
export class People {
  readonly users = new SvelteMap<string, User>();
  readonly presences = new SvelteMap<string, Presence>();
  readonly #asked = new Set<string>();
  #wanted: string[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly fetchUsers: (userIds: readonly string[]) => Promise<readonly User[]>) {}

  /** Takes note of people whom an answer brought along. */
  learn(users: readonly User[]): void {
    for (const user of users) {
      this.#asked.add(user.userId);
      this.users.set(user.userId, user);
    }
  }

  /** Sees to it that these people are known soon. */
  want(userIds: readonly string[]): void {
    const fresh = userIds.filter((userId) => userId !== '' && !this.#asked.has(userId));
    if (fresh.length === 0) return;
    for (const userId of fresh) this.#asked.add(userId);
    this.#wanted.push(...fresh);
    this.#timer ??= setTimeout(() => void this.#ask(), gatherMs);
  }

  nameOf(userId: string): string {
    return this.users.get(userId)?.displayName ?? words.timeline.unknownPerson;
  }

  availabilityOf(userId: string): Availability {
    return this.presences.get(userId)?.availability ?? 'offline';
  }

  statusOf(userId: string): string {
    return this.presences.get(userId)?.statusText ?? '';
  }

  forgetAll(): void {
    this.users.clear();
    this.presences.clear();
    this.#asked.clear();
    this.#wanted = [];
  }

  async #ask(): Promise<void> {
    this.#timer = null;
    const all = this.#wanted;
    this.#wanted = [];
    for (let start = 0; start < all.length; start += batchSize) {
      const batch = all.slice(start, start + batchSize);
      try {
        this.learn(await this.fetchUsers(batch));
      } catch {
        setTimeout(() => {
          for (const userId of batch) this.#asked.delete(userId);
          this.want(batch);
        }, retryMs);
      }
    }
  }
}
