import type { Api } from '../api/client';
import { createApi } from '../api/client';
import type { Transport } from '../api/transport';
import { problemOf } from '../model/problem';
import type { Cursor } from '../model/rooms';
import type { Session } from '../model/session';
import type { News } from '../sync/types';
import { realClock } from './clock';
import type { Clock } from './clock';
import type { HostApi, Snapshot, ToHost } from './protocol';
import { Runner } from './runner';
import { SessionKeeper } from './session-keeper';
import type { TabPort } from './tabs';
import { Tabs } from './tabs';

export type HostSettings = {
  /** Makes the way to the server; `token` answers the access token of the moment. */
  readonly transport: (token: () => string | null) => Transport;
  readonly clock?: Clock;
};

/**
 * Stands between the tabs of a browser and the server: it holds the session and the one stream, and makes the calls. It
 * lives in a SharedWorker, or in the page where there is none.
 */
export class Host {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #keeper: SessionKeeper;
  readonly #runner: Runner;
  readonly #tabs = new Tabs();
  readonly #methods: HostApi;
  #seen: readonly Cursor[] = [];
  #hasRooms = false;
  #restoring: Promise<void> | null = null;

  constructor({ transport, clock = realClock }: HostSettings) {
    this.#clock = clock;
    this.#keeper = new SessionKeeper(
      () => this.#api,
      clock,
      (session) => this.#sessionChanged(session),
    );
    this.#api = createApi(transport(() => this.#keeper.token()));
    this.#runner = new Runner(
      () => this.#api,
      this.#keeper,
      clock,
      (news) => this.#tell(news),
    );
    this.#methods = this.#hostApi();
  }

  /** Hears one word of a tab. */
  receive(tab: TabPort, word: ToHost): void {
    switch (word.kind) {
      case 'attach':
        this.#attach(tab, word.lock, word.seen);
        break;
      case 'detach':
        this.#detach(tab);
        break;
      case 'online':
        this.#runner.dispatch({ kind: 'online', isOnline: word.isOnline });
        break;
      case 'interest':
        this.#tabs.setInterest(tab, word.interest);
        this.#interestChanged();
        break;
      case 'call':
        void this.#answer(tab, word);
        break;
    }
  }

  #attach(tab: TabPort, lock: string, seen: readonly Cursor[]): void {
    this.#tabs.add(tab);
    if (!this.#hasRooms) this.#seen = seen;
    tab.send({ kind: 'attached', snapshot: this.#snapshot() });
    this.#restoring ??= this.#keeper.restore();
    // A tab that is killed says nothing, but lets go of its lock.
    if (lock !== '') void this.#clock.exclusively(lock, () => {
        this.#detach(tab);
        return Promise.resolve();
      });
  }

  #detach(tab: TabPort): void {
    if (!this.#tabs.has(tab)) return;
    this.#tabs.remove(tab);
    this.#interestChanged();
  }

  #snapshot(): Snapshot {
    const { state } = this.#runner;
    return {
      session: this.#keeper.session,
      rooms: this.#hasRooms ? [...state.roomList.entries.values()] : null,
      presences: [...state.presences.values()],
      link: state.status,
    };
  }

  async #answer(tab: TabPort, { id, method, args }: Extract<ToHost, { kind: 'call' }>): Promise<void> {
    try {
      // The caller's types are those of `HostApi`; only the crossing is untyped.
      const call = this.#methods[method] as (...given: readonly unknown[]) => Promise<unknown>;
      tab.send({ kind: 'answer', id, value: await call(...args) });
    } catch (error) {
      tab.send({ kind: 'refusal', id, problem: problemOf(error) });
    }
  }

  #hostApi(): HostApi {
    const api = this.#api;
    const authorized = <Answer>(call: () => Promise<Answer>) => this.#keeper.authorized(call);
    return {
      register: async (form, deviceName) => {
        await api.register(form);
        try {
          this.#keeper.begin(await api.signIn({ handle: form.handle, password: form.password, deviceName }));
          return 'signedIn';
        } catch {
          // The account is there; the person signs in by hand, and sees then what is the matter.
          return 'registered';
        }
      },
      signIn: async (credentials) => this.#keeper.begin(await api.signIn(credentials)),
      signOut: async () => {
        try {
          await authorized(() => api.signOut());
        } catch (error) {
          if (problemOf(error).code !== 'unauthenticated') throw error;
        }
        this.#keeper.signedOut();
      },
      batchGetUsers: (userIds) => authorized(() => api.batchGetUsers(userIds)),
      searchUsers: (query) => authorized(() => api.searchUsers(query)),
      listDirectory: (query, pageToken) => authorized(() => api.listDirectory(query, pageToken)),
      getRoom: (roomId) => authorized(() => api.getRoom(roomId)),
      createRoom: async (room) => this.#gained(await authorized(() => api.createRoom(room))),
      joinRoom: async (roomId) => this.#gained(await authorized(() => api.joinRoom(roomId))),
      leaveRoom: async (roomId) => {
        await authorized(() => api.leaveRoom(roomId));
        this.#runner.dispatch({ kind: 'roomLost', roomId });
      },
      openDirectRoom: async (userId) => this.#gained(await authorized(() => api.openDirectRoom(userId))),
      listMembers: (roomId, pageToken) => authorized(() => api.listMembers(roomId, pageToken)),
      sendMessage: (message) => authorized(() => api.sendMessage(message)),
      openRoom: async (roomId) => {
        const requestedAt = this.#clock.now();
        this.#runner.dispatch({ kind: 'historyLoading', roomId });
        try {
          const history = await authorized(() => api.listMessages(roomId, ''));
          this.#runner.dispatch({ kind: 'historyLoaded', roomId, cursor: history.cursor, requestedAt });
          return history;
        } catch (error) {
          this.#runner.dispatch({ kind: 'historyFailed', roomId });
          throw error;
        }
      },
      listOlderMessages: (roomId, pageToken) => authorized(() => api.listMessages(roomId, pageToken)),
      setPresence: (availability, statusText) => authorized(() => api.setPresence(availability, statusText)),
      setTyping: (roomId, isTyping) => authorized(() => api.setTyping(roomId, isTyping)),
    };
  }

  #gained<Entry extends Awaited<ReturnType<HostApi['joinRoom']>>>(entry: Entry): Entry {
    this.#runner.dispatch({ kind: 'roomGained', entry });
    return entry;
  }

  #interestChanged(): void {
    this.#runner.dispatch({ kind: 'interest', ...this.#tabs.merged() });
  }

  #tell(news: News): void {
    if (news.kind === 'roomList') this.#hasRooms = true;
    this.#tabs.broadcast({ kind: 'news', news });
  }

  #sessionChanged(session: Session): void {
    this.#tabs.broadcast({ kind: 'session', session });
    if (session.status === 'signedIn') void this.#start();
    if (session.status === 'signedOut') {
      this.#hasRooms = false;
      this.#seen = [];
      this.#tabs.clearInterests();
      this.#runner.dispatch({ kind: 'stop' });
    }
  }

  async #start(): Promise<void> {
    await this.#runner.loadRoomList();
    if (this.#keeper.session.status !== 'signedIn') return;
    this.#runner.dispatch({ kind: 'seenBefore', cursors: this.#seen });
    this.#runner.dispatch({ kind: 'start' });
  }
}
