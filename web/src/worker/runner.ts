import type { Api } from '../api/client';
import { problemOf } from '../model/problem';
import { initialState, nextWakeAt, step } from '../sync/engine';
import type { Effect, Input, News, SyncState } from '../sync/types';
import type { Clock } from './clock';
import type { SessionKeeper } from './session-keeper';

/** A tick comes no sooner than this after the one before, whatever the engine asks for. */
const minTickMs = 25;

/** Carries out what the sync engine asks for, and tells it what comes of it. */
export class Runner {
  state: SyncState = initialState;
  #stream: AbortController | null = null;
  #listReads: Promise<void> = Promise.resolve();
  #cancelTick: () => void = () => undefined;

  constructor(
    private readonly api: () => Api,
    private readonly keeper: SessionKeeper,
    private readonly clock: Clock,
    private readonly tell: (news: News) => void,
  ) {}

  dispatch(input: Input): void {
    const next = step(this.state, input, { now: this.clock.now(), random: this.clock.random() });
    this.state = next.state;
    for (const effect of next.effects) this.#carryOut(effect);
    this.#cancelTick();
    const wakeAt = nextWakeAt(this.state);
    if (wakeAt === null) return;
    this.#cancelTick = this.clock.after(Math.max(wakeAt - this.clock.now(), minTickMs), () => this.dispatch({ kind: 'tick' }));
  }

  /** Reads all pages of the list of rooms; tries again while the server is away. */
  async loadRoomList(): Promise<void> {
    for (let attempt = 0; this.keeper.session.status === 'signedIn'; attempt += 1) {
      try {
        const first = await this.keeper.authorized(() => this.api().listJoinedRooms(''));
        const entries = [...first.items];
        for (let token = first.nextPageToken; token !== ''; ) {
          const page = await this.keeper.authorized(() => this.api().listJoinedRooms(token));
          entries.push(...page.items);
          token = page.nextPageToken;
        }
        this.dispatch({ kind: 'roomListLoaded', version: first.version, entries });
        return;
      } catch (error) {
        if (problemOf(error).code === 'unauthenticated') return;
        await this.clock.sleep(Math.min(500 * 2 ** attempt, 8_000));
      }
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'open':
        void this.#open(effect);
        break;
      case 'close':
        this.#stream?.abort();
        this.#stream = null;
        break;
      case 'updateInterest':
        void this.#updateInterest(effect);
        break;
      case 'loadRoomList':
        // One after the other, so that the last to end is the last that was asked for.
        this.#listReads = this.#listReads.then(() => this.loadRoomList());
        break;
      case 'renewSession':
        void this.keeper.renew();
        break;
      case 'sessionEnded':
        this.keeper.lost();
        break;
      case 'tell':
        this.tell(effect.news);
        break;
    }
  }

  async #open({ generation, interest, userStateVersion }: Extract<Effect, { kind: 'open' }>): Promise<void> {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    try {
      await this.keeper.fresh();
      if (stream.signal.aborted) return;
      for await (const item of this.api().subscribe(interest, userStateVersion, stream.signal)) {
        this.dispatch({ kind: 'item', generation, item });
      }
      this.dispatch({ kind: 'streamEnded', generation, problem: null });
    } catch (error) {
      if (!stream.signal.aborted) this.dispatch({ kind: 'streamEnded', generation, problem: problemOf(error) });
    }
  }

  async #updateInterest({ generation, streamId, revision, interest }: Extract<Effect, { kind: 'updateInterest' }>): Promise<void> {
    try {
      await this.keeper.authorized(() => this.api().updateInterest(streamId, revision, interest));
    } catch (error) {
      this.dispatch({ kind: 'interestFailed', generation, revision, problem: problemOf(error) });
    }
  }
}
