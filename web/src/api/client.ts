import type { Transport } from '@connectrpc/connect';
import { createClient } from '@connectrpc/connect';
import type { History, Message } from '../model/messages';
import type { ChosenAvailability, Presence, User } from '../model/people';
import { ProblemError } from '../model/problem';
import type { Membership, Page, RoomEntry } from '../model/rooms';
import type { SignedIn } from '../model/session';
import type { Interest, StreamItem } from '../model/stream';
import { expireTimeHere } from './access';
import { fromChosen, optionalMillis, toCursor, toMembership, toMessage, toPresence, toRoomEntry, toUser } from './convert';
import { toStreamItem } from './convert-stream';
import { EventService } from './gen/loquat/events/v1/event_service_pb';
import { MessageService } from './gen/loquat/messages/v1/message_service_pb';
import { PresenceService } from './gen/loquat/presence/v1/presence_service_pb';
import { RoomKind } from './gen/loquat/rooms/v1/room_pb';
import { RoomListView, RoomService } from './gen/loquat/rooms/v1/room_service_pb';
import type { RefreshResponse, SignInResponse } from './gen/loquat/users/v1/auth_service_pb';
import { AuthService, RefreshTokenDelivery } from './gen/loquat/users/v1/auth_service_pb';
import { UserService } from './gen/loquat/users/v1/user_service_pb';
import { answered, toProblem } from './problem';

export type Registration = { readonly handle: string; readonly displayName: string; readonly password: string };
export type Credentials = { readonly handle: string; readonly password: string; readonly deviceName: string };
export type NewRoom = { readonly requestId: string; readonly kind: 'public' | 'private'; readonly name: string; readonly topic: string };
export type NewMessage = { readonly roomId: string; readonly requestId: string; readonly text: string };

/** What the server can be asked, in plain data. Every method throws a `ProblemError`. */
export type Api = ReturnType<typeof createApi>;

function incomplete(): never {
  throw new ProblemError({ code: 'internal', reason: '', violations: [], retryAfterMs: null });
}

function present<Value>(value: Value | null | undefined): Value {
  return value ?? incomplete();
}

function toSignedIn(response: SignInResponse | RefreshResponse): SignedIn {
  const tokens = present(response.tokens);
  return {
    user: toUser(present(response.user)),
    access: { token: tokens.accessToken, expireTime: expireTimeHere(tokens.accessToken, present(optionalMillis(tokens.accessExpireTime)), Date.now()) },
  };
}

function toWire(interest: Interest) {
  return {
    rooms: interest.rooms.map((cursor) => ({ ...cursor, seq: BigInt(cursor.seq) })),
    presenceUserIds: [...interest.presenceUserIds],
  };
}

export function createApi(transport: Transport) {
  const auth = createClient(AuthService, transport);
  const users = createClient(UserService, transport);
  const rooms = createClient(RoomService, transport);
  const messages = createClient(MessageService, transport);
  const presence = createClient(PresenceService, transport);
  const events = createClient(EventService, transport);

  return {
    /** Makes an account; what follows is signing in. */
    async register(form: Registration): Promise<void> {
      await answered(auth.register(form));
    },
    async signIn(credentials: Credentials): Promise<SignedIn> {
      return toSignedIn(await answered(auth.signIn({ ...credentials, refreshTokenDelivery: RefreshTokenDelivery.COOKIE })));
    },
    /** Changes the refresh token in the cookie for the next pair. */
    async refresh(): Promise<SignedIn> {
      return toSignedIn(await answered(auth.refresh({})));
    },
    async signOut(): Promise<void> {
      await answered(auth.signOut({}, { timeoutMs: 5_000 }));
    },

    /** At most 200 ids. */
    async batchGetUsers(userIds: readonly string[]): Promise<User[]> {
      return (await answered(users.batchGetUsers({ userIds: [...userIds] }))).users.map(toUser);
    },
    async searchUsers(query: string): Promise<Page<User>> {
      const page = await answered(users.searchUsers({ query }));
      return { items: page.users.map(toUser), nextPageToken: page.nextPageToken };
    },

    async listJoinedRooms(pageToken: string): Promise<Page<RoomEntry> & { readonly version: bigint }> {
      const page = await answered(rooms.listRooms({ view: RoomListView.JOINED, pageSize: 200, pageToken }));
      return { items: page.rooms.map(toRoomEntry).filter((entry) => entry !== null), nextPageToken: page.nextPageToken, version: page.userStateVersion };
    },
    async listDirectory(query: string, pageToken: string): Promise<Page<RoomEntry>> {
      const page = await answered(rooms.listRooms({ view: RoomListView.DIRECTORY, query, pageToken }));
      return { items: page.rooms.map(toRoomEntry).filter((entry) => entry !== null), nextPageToken: page.nextPageToken };
    },
    async getRoom(roomId: string): Promise<RoomEntry> {
      return present(toRoomEntry(await answered(rooms.getRoom({ roomId }))));
    },
    async createRoom(room: NewRoom): Promise<RoomEntry> {
      const kind = room.kind === 'public' ? RoomKind.PUBLIC : RoomKind.PRIVATE;
      return present(toRoomEntry(await answered(rooms.createRoom({ ...room, kind }))));
    },
    async joinRoom(roomId: string): Promise<RoomEntry> {
      return present(toRoomEntry(await answered(rooms.joinRoom({ roomId }))));
    },
    async leaveRoom(roomId: string): Promise<void> {
      await answered(rooms.leaveRoom({ roomId }));
    },
    async openDirectRoom(userId: string): Promise<RoomEntry> {
      return present(toRoomEntry(await answered(rooms.openDirectRoom({ userId }))));
    },
    async listMembers(roomId: string, pageToken: string): Promise<Page<Membership>> {
      const page = await answered(rooms.listMembers({ roomId, pageSize: 200, pageToken }));
      return { items: page.memberships.map(toMembership), nextPageToken: page.nextPageToken };
    },

    async sendMessage(message: NewMessage): Promise<Message> {
      return toMessage(present((await answered(messages.sendMessage(message))).message));
    },
    /** The newest page, or with a token the page before the one that gave it. */
    async listMessages(roomId: string, pageToken: string): Promise<History> {
      const page = await answered(messages.listMessages({ roomId, pageToken }));
      return {
        messages: page.messages.map(toMessage),
        olderToken: page.nextPageToken,
        cursor: page.cursor === undefined ? null : toCursor(page.cursor),
      };
    },

    async setPresence(availability: ChosenAvailability, statusText: string): Promise<Presence> {
      return toPresence(present((await answered(presence.setPresence({ availability: fromChosen(availability), statusText }))).presence));
    },
    async setTyping(roomId: string, isTyping: boolean): Promise<void> {
      await answered(presence.setTyping({ roomId, isTyping }));
    },

    /** The live stream. It ends by itself, with a `ProblemError`, or when the signal aborts it. */
    async *subscribe(interest: Interest, userStateVersion: bigint, signal: AbortSignal): AsyncGenerator<StreamItem> {
      try {
        for await (const response of events.subscribe({ interest: toWire(interest), userStateVersion }, { signal, timeoutMs: 0 })) {
          yield toStreamItem(response.item);
        }
      } catch (error) {
        throw new ProblemError(toProblem(error));
      }
    },
    async updateInterest(streamId: string, revision: bigint, interest: Interest): Promise<void> {
      await answered(events.updateInterest({ streamId, update: { revision, interest: toWire(interest) } }));
    },
  };
}
