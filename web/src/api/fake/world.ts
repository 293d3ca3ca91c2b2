// What the fake server knows: people, rooms with their logs, presence, and the streams that listen.
import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { StreamItem } from '../gen/loquat/events/v1/event_service_pb';
import { RoomClosedReason, StreamItemSchema } from '../gen/loquat/events/v1/event_service_pb';
import { MessageSchema } from '../gen/loquat/messages/v1/message_pb';
import type { Message } from '../gen/loquat/messages/v1/message_pb';
import type { RoomCursor, RoomEvent } from '../gen/loquat/messages/v1/room_event_pb';
import { BlankedSchema, RoomCursorSchema, RoomEventSchema } from '../gen/loquat/messages/v1/room_event_pb';
import { Availability } from '../gen/loquat/presence/v1/presence_service_pb';
import type { Room } from '../gen/loquat/rooms/v1/room_pb';
import { Role, RoomKind, RoomSchema } from '../gen/loquat/rooms/v1/room_pb';
import type { User } from '../gen/loquat/users/v1/user_pb';
import { UserSchema } from '../gen/loquat/users/v1/user_pb';
import type { Feed } from './feed';
import { foldedLog } from './fold';

export type Account = { readonly user: User; readonly password: string };
export type Place = { readonly room: Room; readonly members: Map<string, Role>; readonly log: RoomEvent[] };
export type Listener = {
  readonly streamId: string;
  readonly userId: string;
  readonly feed: Feed<StreamItem>;
  readonly watched: Set<string>;
  people: Set<string>;
  revision: bigint;
};

export const epoch = 'epoch-1';

/** An id of the right shape that a test can foresee. */
export function idOf(area: number, index: number): string {
  return `${area.toString(16).padStart(8, '0')}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

export class World {
  readonly accounts = new Map<string, Account>();
  readonly places = new Map<string, Place>();
  readonly availability = new Map<string, { availability: Availability; statusText: string }>();
  readonly listeners = new Set<Listener>();
  userStateVersion = 1n;
  #nextId = 1;

  constructor(readonly now: () => number = Date.now) {}

  id(area: number): string {
    this.#nextId += 1;
    return idOf(area, this.#nextId);
  }

  addUser(handle: string, displayName: string, password = 'correct horse battery'): User {
    const user = create(UserSchema, { userId: this.id(1), handle, displayName, createTime: timestampFromMs(this.now()) });
    this.accounts.set(user.userId, { user, password });
    return user;
  }

  addRoom(room: MessageInitShape<typeof RoomSchema>, memberIds: readonly string[]): Place {
    const made = create(RoomSchema, { kind: RoomKind.PUBLIC, ...room, roomId: this.id(2), createTime: timestampFromMs(this.now()), memberCount: memberIds.length });
    const members = new Map(memberIds.map((userId, index) => [userId, index === 0 ? Role.OWNER : Role.MEMBER]));
    const place: Place = { room: made, members, log: [] };
    this.places.set(made.roomId, place);
    this.append(place, memberIds[0] ?? '', { case: 'roomCreated', value: { room: made } });
    return place;
  }

  /** Gives a change the next number and tells whoever watches. */
  append(place: Place, actorId: string, change: MessageInitShape<typeof RoomEventSchema>['change'], time = this.now()): RoomEvent {
    const { roomId } = place.room;
    const event = create(RoomEventSchema, {
      roomId,
      seq: BigInt(place.log.length + 1),
      eventId: this.id(3),
      epoch,
      actorId,
      createTime: timestampFromMs(time),
      ...(change === undefined ? {} : { change }),
    });
    place.log.push(event);
    for (const listener of this.listeners) {
      if (listener.watched.has(roomId) && place.members.has(listener.userId)) this.tell(listener, { case: 'roomEvent', value: event });
    }
    return event;
  }

  /** Puts a message into a room's log, once for each sender and `request_id`. */
  say(place: Place, senderId: string, text: string, requestId = '', time = this.now()): { readonly message: Message; readonly isRepeat: boolean } {
    const known = requestId === '' ? undefined : this.messagesOf(place).find((message) => message.senderId === senderId && message.requestId === requestId);
    if (known !== undefined) return { message: known, isRepeat: true };
    const message = create(MessageSchema, {
      roomId: place.room.roomId,
      messageId: this.id(4),
      seq: BigInt(place.log.length + 1),
      senderId,
      text,
      formattedText: { blocks: paragraphs(text) },
      createTime: timestampFromMs(time),
      requestId,
    });
    this.append(place, senderId, { case: 'messageSent', value: { message } }, time);
    return { message, isRepeat: false };
  }

  /** The messages as they are by now. */
  messagesOf(place: Place): Message[] {
    return foldedLog(place.log);
  }

  messageOf(place: Place, messageId: string): Message {
    const found = this.messagesOf(place).find((message) => message.messageId === messageId);
    if (found === undefined) throw new Error(`there is no message ${messageId}`);
    return found;
  }

  edit(place: Place, actorId: string, messageId: string, text: string): RoomEvent {
    const { seq, editCount } = this.messageOf(place, messageId);
    return this.append(place, actorId, { case: 'messageEdited', value: { messageId, messageSeq: seq, text, formattedText: { blocks: paragraphs(text) }, editCount: editCount + 1 } });
  }

  /** Deletes a message: its texts are gone from the log, what they were is left. */
  erase(place: Place, actorId: string, messageId: string): RoomEvent {
    const { seq } = this.messageOf(place, messageId);
    for (const event of place.log) {
      const isText = event.change.case === 'messageEdited' && event.change.value.messageId === messageId;
      if (event.seq !== seq && !isText) continue;
      const changeField = event.seq === seq ? RoomEventSchema.field.messageSent.number : RoomEventSchema.field.messageEdited.number;
      event.change = { case: 'blanked', value: create(BlankedSchema, { changeField }) };
    }
    return this.append(place, actorId, { case: 'messageDeleted', value: { messageId, messageSeq: seq } });
  }

  react(place: Place, actorId: string, messageId: string, emoji: string, isAdded = true): RoomEvent {
    const { seq } = this.messageOf(place, messageId);
    return this.append(place, actorId, { case: 'reactionChanged', value: { messageId, messageSeq: seq, emoji, isAdded } });
  }

  pin(place: Place, actorId: string, messageId: string, isPinned = true): RoomEvent {
    const { seq } = this.messageOf(place, messageId);
    return this.append(place, actorId, { case: 'pinChanged', value: { messageId, messageSeq: seq, isPinned } });
  }

  head(place: Place): RoomCursor {
    const last = place.log.at(-1);
    return create(RoomCursorSchema, { roomId: place.room.roomId, epoch, seq: last?.seq ?? 0n, eventId: last?.eventId ?? '' });
  }

  tell(listener: Listener, kind: MessageInitShape<typeof StreamItemSchema>['kind']): void {
    listener.feed.push(create(StreamItemSchema, kind === undefined ? {} : { kind }));
  }

  join(place: Place, userId: string): void {
    if (place.members.has(userId)) return;
    place.members.set(userId, Role.MEMBER);
    place.room.memberCount = place.members.size;
    this.append(place, userId, { case: 'membershipsChanged', value: { changes: [{ userId, isMember: true, role: Role.MEMBER }], memberCount: place.members.size } });
    this.gained(place, userId);
  }

  gained(place: Place, userId: string): void {
    this.userStateVersion += 1n;
    const gained = { room: place.room, membership: { roomId: place.room.roomId, userId, role: place.members.get(userId) ?? Role.MEMBER } };
    for (const listener of this.listeners) {
      if (listener.userId !== userId) continue;
      this.tell(listener, { case: 'userStateChanged', value: { change: { version: this.userStateVersion, change: { case: 'gained', value: gained } } } });
    }
  }

  /** Ends a membership: by the one whose it is, or by somebody else. Who goes hears of that, and of nothing after. */
  leave(place: Place, userId: string, actorId = userId): void {
    if (!place.members.has(userId)) return;
    const memberCount = place.members.size - 1;
    place.room.memberCount = memberCount;
    this.append(place, actorId, { case: 'membershipsChanged', value: { changes: [{ userId, isMember: false }], memberCount } });
    place.members.delete(userId);
    const { roomId } = place.room;
    for (const listener of this.listeners) {
      if (listener.userId === userId && listener.watched.delete(roomId)) this.tell(listener, { case: 'roomClosed', value: { roomId, reason: RoomClosedReason.REMOVED } });
    }
    this.userStateVersion += 1n;
    const lost = { version: this.userStateVersion, change: { case: 'lost' as const, value: { roomId: place.room.roomId } } };
    for (const listener of this.listeners) if (listener.userId === userId) this.tell(listener, { case: 'userStateChanged', value: { change: lost } });
  }

  presenceOf(userId: string, readerId: string) {
    const told = this.availability.get(userId) ?? { availability: Availability.OFFLINE, statusText: '' };
    const isHidden = told.availability === Availability.INVISIBLE && userId !== readerId;
    return { userId, availability: isHidden ? Availability.OFFLINE : told.availability, statusText: told.statusText };
  }

  setPresence(userId: string, availability: Availability, statusText = ''): void {
    this.availability.set(userId, { availability, statusText });
    for (const listener of this.listeners) {
      if (listener.people.has(userId)) this.tell(listener, { case: 'presence', value: this.presenceOf(userId, listener.userId) });
    }
  }

  setTyping(place: Place, userId: string, isTyping: boolean): void {
    const expireTime = timestampFromMs(this.now() + 5_000);
    for (const listener of this.listeners) {
      if (listener.userId === userId || !listener.watched.has(place.room.roomId)) continue;
      this.tell(listener, { case: 'typing', value: { roomId: place.room.roomId, userId, isTyping, expireTime } });
    }
  }
}

/** As the server parses plain text: paragraphs at empty lines, line breaks within. */
function paragraphs(text: string) {
  return text.split(/\n{2,}/).map((paragraph) => ({
    kind: {
      case: 'paragraph' as const,
      value: {
        inlines: paragraph.split('\n').flatMap((line, index) => [
          ...(index === 0 ? [] : [{ kind: { case: 'lineBreak' as const, value: {} } }]),
          ...(line === '' ? [] : [{ kind: { case: 'text' as const, value: line } }]),
        ]),
      },
    },
  }));
}
