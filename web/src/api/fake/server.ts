// A server in memory that speaks the contract: for tests, and for pictures of the page.
import type { ConnectRouter, HandlerContext, Transport } from '@connectrpc/connect';
import { Code, createRouterTransport } from '@connectrpc/connect';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { bearer } from '../transport';
import { EventService } from '../gen/loquat/events/v1/event_service_pb';
import type { Message } from '../gen/loquat/messages/v1/message_pb';
import type { RoomCursor, RoomEvent } from '../gen/loquat/messages/v1/room_event_pb';
import { MessageService } from '../gen/loquat/messages/v1/message_service_pb';
import { Availability, PresenceService } from '../gen/loquat/presence/v1/presence_service_pb';
import { Role, RoomKind } from '../gen/loquat/rooms/v1/room_pb';
import { RoomListView, RoomService } from '../gen/loquat/rooms/v1/room_service_pb';
import { AuthService } from '../gen/loquat/users/v1/auth_service_pb';
import { UserService } from '../gen/loquat/users/v1/user_service_pb';
import { Feed } from './feed';
import { noSuchRoom, refusal, signInAgain } from './refusal';
import type { Listener, Place } from './world';
import { World } from './world';

/** A message as one person finds it. */
function seenBy(message: Message, userId: string): Message {
  return { ...message, reactions: message.reactions.map((reaction) => ({ ...reaction, hasCaller: reaction.userIds.includes(userId) })) };
}

/** How long an access token lives. */
const accessLifeMs = 5 * 60_000;

export class FakeServer {
  readonly world: World;
  /** Whose refresh token the browser's cookie holds; null for none. */
  cookieUserId: string | null = null;
  /** Before each call, for a test that wants to delay or refuse it. */
  before: (method: string) => Promise<void> | void = () => undefined;
  /** Counts the calls by method. */
  readonly calls = new Map<string, number>();
  readonly #tokens = new Map<string, { readonly userId: string; readonly expireTime: number }>();

  constructor(world = new World()) {
    this.world = world;
  }

  transport(token: () => string | null): Transport {
    return createRouterTransport((router) => this.routes(router), { transport: { interceptors: [bearer(token), this.#counted()] } });
  }

  /** Makes every access token of now worthless, as time does. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** Cuts all streams, as a lost connection does. */
  cutStreams(): void {
    for (const listener of this.world.listeners) listener.feed.end(refusal(Code.Unavailable, 'CONNECTION_LOST', 'test'));
    this.world.listeners.clear();
  }

  #counted() {
    return (next: Parameters<ReturnType<typeof bearer>>[0]) => async (request: Parameters<typeof next>[0]) => {
      const { name } = request.method;
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      await this.before(name);
      return next(request);
    };
  }

  #session(userId: string) {
    const accessToken = `token-${this.#tokens.size + 1}-${userId}`;
    const expireTime = this.world.now() + accessLifeMs;
    this.#tokens.set(accessToken, { userId, expireTime });
    this.cookieUserId = userId;
    const user = this.world.accounts.get(userId)?.user;
    if (user === undefined) throw refusal(Code.NotFound, 'USER_NOT_FOUND', 'loquat.users.v1');
    return { user, tokens: { sessionId: userId, accessToken, accessExpireTime: timestampFromMs(expireTime) } };
  }

  #caller(context: HandlerContext): string {
    const token = context.requestHeader.get('authorization')?.replace(/^Bearer /, '') ?? '';
    const held = this.#tokens.get(token);
    if (held === undefined || held.expireTime <= this.world.now()) throw signInAgain();
    return held.userId;
  }

  #place(roomId: string, userId: string): Place {
    const place = this.world.places.get(roomId);
    if (place?.members.has(userId) !== true) throw noSuchRoom();
    return place;
  }

  #entry(place: Place, userId: string) {
    const role = place.members.get(userId);
    const membership = role === undefined ? {} : { membership: { roomId: place.room.roomId, userId, role } };
    return { room: place.room, ...membership };
  }

  /** Everything that it serves. */
  routes(router: ConnectRouter): void {
    this.#users(router);
    this.#rooms(router);
    this.#messages(router);
    this.#presence(router);
    this.#events(router);
  }

  #users(router: ConnectRouter): void {
    const { accounts } = this.world;
    router.service(AuthService, {
      register: ({ handle, displayName, password }) => {
        if ([...accounts.values()].some(({ user }) => user.handle === handle)) {
          throw refusal(Code.AlreadyExists, 'HANDLE_TAKEN', 'loquat.users.v1', { handle: 'choose another handle' });
        }
        const user = this.world.addUser(handle, displayName, password);
        this.world.availability.set(user.userId, { availability: Availability.ONLINE, statusText: '' });
        return { nextStep: { case: 'signIn', value: {} } };
      },
      signIn: ({ handle, password }) => {
        const account = [...accounts.values()].find(({ user }) => user.handle === handle.toLowerCase());
        if (account?.password !== password) throw refusal(Code.Unauthenticated, 'CREDENTIALS_WRONG', 'loquat.users.v1');
        return this.#session(account.user.userId);
      },
      refresh: () => {
        if (this.cookieUserId === null) throw refusal(Code.Unauthenticated, 'REFRESH_TOKEN_INVALID', 'loquat.users.v1');
        return this.#session(this.cookieUserId);
      },
      signOut: (_, context) => {
        this.#caller(context);
        this.cookieUserId = null;
        this.#tokens.clear();
        return {};
      },
    });
    router.service(UserService, {
      batchGetUsers: ({ userIds }, context) => {
        this.#caller(context);
        return { users: userIds.map((userId) => accounts.get(userId)?.user).filter((user) => user !== undefined) };
      },
      searchUsers: ({ query }, context) => {
        this.#caller(context);
        const start = query.toLowerCase();
        const found = [...accounts.values()].map(({ user }) => user).filter((user) => user.handle.startsWith(start) || user.displayName.toLowerCase().startsWith(start));
        return { users: found.sort((one, other) => one.handle.localeCompare(other.handle)) };
      },
    });
  }

  #rooms(router: ConnectRouter): void {
    const { world } = this;
    router.service(RoomService, {
      listRooms: ({ view, query }, context) => {
        const userId = this.#caller(context);
        const isDirectory = view === RoomListView.DIRECTORY;
        const rooms = [...world.places.values()].filter((place) => (isDirectory ? place.room.kind === RoomKind.PUBLIC : place.members.has(userId)));
        const found = rooms.filter((place) => place.room.name.toLowerCase().startsWith(query.toLowerCase()));
        return { rooms: found.map((place) => this.#entry(place, userId)), userStateVersion: world.userStateVersion };
      },
      getRoom: ({ roomId }, context) => {
        const userId = this.#caller(context);
        const place = world.places.get(roomId);
        if (place === undefined || (place.room.kind !== RoomKind.PUBLIC && !place.members.has(userId))) throw noSuchRoom();
        return this.#entry(place, userId);
      },
      createRoom: ({ kind, name, topic }, context) => {
        const userId = this.#caller(context);
        const place = world.addRoom({ kind, name, topic }, [userId]);
        world.gained(place, userId);
        return this.#entry(place, userId);
      },
      joinRoom: ({ roomId }, context) => {
        const userId = this.#caller(context);
        const place = world.places.get(roomId);
        if (place?.room.kind !== RoomKind.PUBLIC) throw noSuchRoom();
        world.join(place, userId);
        return this.#entry(place, userId);
      },
      leaveRoom: ({ roomId }, context) => {
        const userId = this.#caller(context);
        world.leave(this.#place(roomId, userId), userId);
        return {};
      },
      removeMember: ({ roomId, userId }, context) => {
        const actorId = this.#caller(context);
        const place = this.#place(roomId, actorId);
        if (place.members.get(actorId) !== Role.OWNER) throw refusal(Code.PermissionDenied, 'PERMISSION_MISSING', 'loquat.rooms.v1');
        if (userId === actorId) throw refusal(Code.FailedPrecondition, 'MEMBER_IS_CALLER', 'loquat.rooms.v1');
        world.leave(place, userId, actorId);
        return {};
      },
      listMembers: ({ roomId }, context) => {
        const place = this.#place(roomId, this.#caller(context));
        return { memberships: [...place.members].map(([userId, role]) => ({ roomId, userId, role })) };
      },
      openDirectRoom: ({ userId: otherId }, context) => {
        const userId = this.#caller(context);
        const pair = [userId, otherId].sort();
        const known = [...world.places.values()].find(({ room }) => room.kind === RoomKind.DIRECT && [...room.directUserIds].sort().join() === pair.join());
        const place = known ?? world.addRoom({ kind: RoomKind.DIRECT, directUserIds: pair }, pair);
        if (known === undefined) {
          for (const member of pair) place.members.set(member, Role.MEMBER);
          for (const member of pair) world.gained(place, member);
        }
        return this.#entry(place, userId);
      },
    });
  }

  #messages(router: ConnectRouter): void {
    const { world } = this;
    const change = (roomId: string, messageId: string, context: HandlerContext, make: (place: Place, userId: string) => RoomEvent) => {
      const userId = this.#caller(context);
      const place = this.#place(roomId, userId);
      const { seq } = make(place, userId);
      return { message: seenBy(world.messageOf(place, messageId), userId), seq };
    };
    router.service(MessageService, {
      sendMessage: ({ roomId, requestId, text }, context) => {
        const userId = this.#caller(context);
        return world.say(this.#place(roomId, userId), userId, text, requestId);
      },
      listMessages: ({ roomId, pageSize, pageToken }, context) => {
        const place = this.#place(roomId, this.#caller(context));
        const size = pageSize === 0 ? 50 : pageSize;
        const before = pageToken === '' ? Number.POSITIVE_INFINITY : Number(pageToken);
        const older = world.messagesOf(place).filter((message) => message.seq < before);
        const messages = older.slice(-size);
        const nextPageToken = older.length > size ? String(messages[0]?.seq ?? '') : '';
        return { messages: messages.map((message) => seenBy(message, this.#caller(context))), nextPageToken, cursor: world.head(place) };
      },
      editMessage: ({ roomId, messageId, text }, context) => change(roomId, messageId, context, (place, userId) => world.edit(place, userId, messageId, text)),
      deleteMessage: ({ roomId, messageId }, context) => change(roomId, messageId, context, (place, userId) => world.erase(place, userId, messageId)),
      addReaction: ({ roomId, messageId, emoji }, context) => change(roomId, messageId, context, (place, userId) => world.react(place, userId, messageId, emoji)),
      removeReaction: ({ roomId, messageId, emoji }, context) => change(roomId, messageId, context, (place, userId) => world.react(place, userId, messageId, emoji, false)),
      pinMessage: ({ roomId, messageId }, context) => change(roomId, messageId, context, (place, userId) => world.pin(place, userId, messageId)),
      unpinMessage: ({ roomId, messageId }, context) => change(roomId, messageId, context, (place, userId) => world.pin(place, userId, messageId, false)),
      listPinnedMessages: ({ roomId }, context) => {
        const place = this.#place(roomId, this.#caller(context));
        return { messages: world.messagesOf(place).filter((message) => message.isPinned), cursor: world.head(place) };
      },
    });
  }

  #presence(router: ConnectRouter): void {
    router.service(PresenceService, {
      setPresence: ({ availability, statusText }, context) => {
        const userId = this.#caller(context);
        this.world.setPresence(userId, availability, statusText);
        return { presence: this.world.presenceOf(userId, userId) };
      },
      setTyping: ({ roomId, isTyping }, context) => {
        const userId = this.#caller(context);
        this.world.setTyping(this.#place(roomId, userId), userId, isTyping);
        return {};
      },
    });
  }

  #events(router: ConnectRouter): void {
    const { world } = this;
    const watch = (listener: Listener, cursors: readonly RoomCursor[], people: readonly string[]) => {
      const before = new Set(listener.watched);
      listener.watched.clear();
      for (const cursor of cursors) {
        const place = world.places.get(cursor.roomId);
        if (place?.members.has(listener.userId) !== true) continue;
        listener.watched.add(cursor.roomId);
        if (before.has(cursor.roomId) || cursor.seq === 0n) continue;
        for (const event of place.log.slice(Number(cursor.seq))) world.tell(listener, { case: 'roomEvent', value: event });
      }
      const fresh = people.filter((userId) => !listener.people.has(userId));
      listener.people = new Set(people);
      for (const userId of fresh) world.tell(listener, { case: 'presence', value: world.presenceOf(userId, listener.userId) });
    };
    const caller = (context: HandlerContext) => this.#caller(context);
    router.service(EventService, {
      async *subscribe({ interest }, context) {
        const userId = caller(context);
        const listener: Listener = { streamId: world.id(5), userId, feed: new Feed(), watched: new Set(), people: new Set(), revision: 0n };
        world.tell(listener, { case: 'welcome', value: { streamId: listener.streamId, silenceLimit: { seconds: 30n }, serverTime: timestampFromMs(world.now()) } });
        world.listeners.add(listener);
        watch(listener, interest?.rooms ?? [], interest?.presenceUserIds ?? []);
        try {
          for await (const item of listener.feed.read(context.signal)) yield { item };
        } finally {
          world.listeners.delete(listener);
        }
      },
      updateInterest({ streamId, update }, context) {
        caller(context);
        const listener = [...world.listeners].find((other) => other.streamId === streamId);
        if (listener === undefined) throw refusal(Code.NotFound, 'STREAM_NOT_FOUND', 'loquat.events.v1');
        if (update !== undefined && update.revision > listener.revision) {
          listener.revision = update.revision;
          watch(listener, update.interest?.rooms ?? [], update.interest?.presenceUserIds ?? []);
          world.tell(listener, { case: 'interestApplied', value: { revision: update.revision } });
        }
        return {};
      },
    });
  }
}
