import { getContext, setContext } from 'svelte';
import type { ChosenAvailability, Presence } from '../model/people';
import type { Room, RoomEntry } from '../model/rooms';
import type { Session } from '../model/session';
import { words } from '../words';
import { connectHost, HostLink } from '../worker/connect';
import type { LinkStatus, News, Snapshot } from '../worker/protocol';
import { Outbox } from './outbox';
import { People } from './people.svelte';
import { Rooms } from './rooms.svelte';
import { paths } from './paths';
import { Router } from './route.svelte';
import { Seen } from './seen.svelte';
import { Typing, TypingTeller } from './typing.svelte';

const lobbyName = 'lobby';
const watchedPeople = 500;

/** The lobby: names are not unique, so it is the oldest public room of that name. */
function lobbyOf(entries: readonly RoomEntry[]): RoomEntry | undefined {
  return entries.filter(({ room }) => room.kind === 'public' && room.name === lobbyName).sort((one, other) => one.room.createTime - other.room.createTime)[0];
}

/** What this tab knows and can do: the stores, and the word to the host. */
export class App {
  session = $state.raw<Session>({ status: 'restoring', isAway: false });
  linkStatus = $state<LinkStatus>('quiet');
  /** Whether finding the first room failed, so that the page offers one. */
  isHomeless = $state(false);
  readonly router = new Router();
  readonly seen = new Seen();
  readonly typing = new Typing();
  readonly host: HostLink;
  readonly people: People;
  readonly rooms: Rooms;
  readonly outbox: Outbox;
  readonly typingTeller: TypingTeller;
  #landing: Promise<void> | null = null;

  constructor() {
    this.host = new HostLink({
      attached: (snapshot) => this.#attached(snapshot),
      told: (word) => (word.kind === 'session' ? this.#sessionChanged(word.session) : this.#heard(word.news)),
    });
    this.people = new People((userIds) => this.host.call('batchGetUsers', userIds));
    this.rooms = new Rooms(this.host, this.seen, () => this.ownId);
    this.outbox = new Outbox(this.host);
    this.typingTeller = new TypingTeller((roomId, isTyping) => {
      // Typing is a courtesy: nobody is told where it could not be said.
      this.host.call('setTyping', roomId, isTyping).catch(() => undefined);
    });
  }

  async start(): Promise<void> {
    await connectHost(this.host, this.seen.atLastVisit());
  }

  get ownId(): string {
    return this.session.status === 'signedIn' ? this.session.user.userId : '';
  }

  get openRoomId(): string | null {
    return this.router.route.name === 'room' ? this.router.route.roomId : null;
  }

  /** The other one of a direct room; oneself where one talks to nobody else. */
  otherIn(room: Room): string | null {
    if (room.kind !== 'direct') return null;
    return room.directUserIds.find((userId) => userId !== this.ownId) ?? room.directUserIds[0] ?? null;
  }

  titleOf(room: Room): string {
    const other = this.otherIn(room);
    if (other === null) return room.name;
    return this.people.users.get(other)?.displayName ?? words.rooms.unknownName;
  }

  /** Tells the host what this tab shows, so that the stream brings it. */
  watch(people: readonly string[]): void {
    this.host.setInterest({
      openRooms: [...new Set([...(this.openRoomId === null ? [] : [this.openRoomId]), ...this.rooms.openedIds()])],
      people: [...new Set([this.ownId, ...people])].filter((userId) => userId !== '').slice(0, watchedPeople),
    });
  }

  async setPresence(availability: ChosenAvailability, statusText: string): Promise<void> {
    this.#presence(await this.host.call('setPresence', availability, statusText));
  }

  async enter(entry: Promise<RoomEntry>): Promise<void> {
    const { room } = await entry;
    this.isHomeless = false;
    this.router.go(paths.room(room.roomId));
  }

  /** Goes to the room that one comes in by: the lobby, joining it where one is in no room yet. */
  land(): Promise<void> {
    this.#landing ??= this.#land().finally(() => {
      this.#landing = null;
    });
    return this.#landing;
  }

  async #land(): Promise<void> {
    const entries = this.rooms.entries ?? [];
    const home = lobbyOf(entries) ?? entries[0];
    if (home !== undefined) {
      this.router.go(paths.room(home.room.roomId), { replaces: true });
      return;
    }
    try {
      const directory = await this.host.call('listDirectory', lobbyName, '');
      const lobby = lobbyOf(directory.items);
      if (lobby === undefined) throw new Error('this server has no lobby');
      const { room } = await this.host.call('joinRoom', lobby.room.roomId);
      this.router.go(paths.room(room.roomId), { replaces: true });
    } catch {
      this.isHomeless = true;
      this.router.go(paths.rooms, { replaces: true });
    }
  }

  #attached(snapshot: Snapshot): void {
    this.linkStatus = snapshot.link;
    for (const presence of snapshot.presences) this.#presence(presence);
    this.#sessionChanged(snapshot.session);
    if (snapshot.rooms !== null) this.#roomsChanged(snapshot.rooms);
  }

  #sessionChanged(session: Session): void {
    const before = this.ownId;
    this.session = session;
    if (session.status === 'signedIn') {
      if (session.user.userId !== before) this.seen.begin(session.user.userId);
      this.people.learn([session.user]);
      return;
    }
    if (before === '') return;
    this.rooms.forgetAll();
    this.people.forgetAll();
    this.typing.forgetAll();
    this.linkStatus = 'quiet';
    this.isHomeless = false;
    this.router.go(paths.signIn, { replaces: true });
  }

  #roomsChanged(entries: readonly RoomEntry[]): void {
    this.rooms.list(entries);
    this.people.want(entries.flatMap(({ room }) => room.directUserIds));
  }

  #presence(presence: Presence): void {
    this.people.presences.set(presence.userId, presence);
  }

  #heard(news: News): void {
    switch (news.kind) {
      case 'roomList':
        this.#roomsChanged(news.entries);
        break;
      case 'roomEvent': {
        const { event } = news;
        this.rooms.opened(event.roomId)?.apply(event);
        if (event.change.kind === 'messageSent') {
          this.people.want([event.change.message.senderId]);
          this.typing.apply(event.roomId, event.change.message.senderId, null);
          if (event.change.message.senderId !== this.ownId) this.rooms.noteHead(event.roomId, event.seq);
        }
        if (event.change.kind === 'membershipsChanged') {
          this.people.want([event.actorId, ...event.change.changes.map((change) => change.userId)]);
          const mine = event.change.changes.find((change) => change.userId === this.ownId);
          if (mine !== undefined) this.rooms.noteRemoval(event.roomId, mine.isMember || event.actorId === this.ownId ? null : event.actorId);
        }
        break;
      }
      case 'head':
        this.rooms.noteHead(news.roomId, news.seq);
        break;
      case 'reloadRoom': {
        this.rooms.resetHead(news.roomId, news.seq);
        this.rooms.opened(news.roomId)?.reload(news.seq);
        break;
      }
      case 'roomClosed':
        if (news.reason !== 'unavailable') this.rooms.close(news.roomId);
        break;
      case 'presence':
        this.#presence(news.presence);
        break;
      case 'typing':
        if (news.userId !== this.ownId) {
          this.people.want([news.userId]);
          this.typing.apply(news.roomId, news.userId, news.until);
        }
        break;
      case 'link':
        this.linkStatus = news.status;
        break;
    }
  }
}

const key = Symbol('app');

export function provideApp(app: App): void {
  setContext(key, app);
}

export function useApp(): App {
  return getContext<App>(key);
}

