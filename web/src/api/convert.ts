// From the contract's messages to the page's plain types. What a newer server says beyond them becomes `other` or
// `unknown` and is never dropped in silence, since it still takes its place in a log.
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Block, Inline, Message, Reaction } from '../model/messages';
import type { Availability, ChosenAvailability, Presence, User } from '../model/people';
import type { Cursor, Membership, Role, Room, RoomEntry, RoomKind } from '../model/rooms';
import type * as messages from './gen/loquat/messages/v1/message_pb';
import type { RoomCursor } from './gen/loquat/messages/v1/room_event_pb';
import type * as presence from './gen/loquat/presence/v1/presence_service_pb';
import { Availability as Wire } from './gen/loquat/presence/v1/presence_service_pb';
import type * as rooms from './gen/loquat/rooms/v1/room_pb';
import { Role as WireRole, RoomKind as WireKind } from './gen/loquat/rooms/v1/room_pb';
import type * as users from './gen/loquat/users/v1/user_pb';

/** Milliseconds since the epoch. */
export function toMillis(time: Timestamp): number {
  return Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6);
}

export function optionalMillis(time: Timestamp | undefined): number | null {
  return time === undefined ? null : toMillis(time);
}

export function toUser(user: users.User): User {
  return { userId: user.userId, handle: user.handle, displayName: user.displayName };
}

const kinds: Record<WireKind, RoomKind> = {
  [WireKind.UNSPECIFIED]: 'other',
  [WireKind.PUBLIC]: 'public',
  [WireKind.PRIVATE]: 'private',
  [WireKind.DIRECT]: 'direct',
};

export function toRoom(room: rooms.Room): Room {
  return {
    roomId: room.roomId,
    kind: (kinds as Partial<Record<number, RoomKind>>)[room.kind] ?? 'other',
    name: room.name,
    topic: room.topic,
    createTime: optionalMillis(room.createTime) ?? 0,
    memberCount: room.memberCount,
    directUserIds: room.directUserIds,
  };
}

export function toRole(role: WireRole): Role {
  return role === WireRole.OWNER ? 'owner' : 'member';
}

export function toMembership(membership: rooms.Membership): Membership {
  return { userId: membership.userId, role: toRole(membership.role) };
}

/** A room with the reader's membership, or null where an answer lacks the room. */
export function toRoomEntry(entry: { room?: rooms.Room | undefined; membership?: rooms.Membership | undefined }): RoomEntry | null {
  if (entry.room === undefined) return null;
  return { room: toRoom(entry.room), membership: entry.membership === undefined ? null : toMembership(entry.membership) };
}

export function toCursor(cursor: RoomCursor): Cursor {
  return { roomId: cursor.roomId, epoch: cursor.epoch, seq: Number(cursor.seq), eventId: cursor.eventId };
}

function toInline(inline: messages.Inline): Inline {
  switch (inline.kind.case) {
    case 'text':
      return { kind: 'text', text: inline.kind.value };
    case 'lineBreak':
      return { kind: 'lineBreak' };
    case undefined:
      return { kind: 'unknown' };
  }
}

function toBlock(block: messages.Block): Block {
  if (block.kind.case !== 'paragraph') return { kind: 'unknown' };
  return { kind: 'paragraph', inlines: block.kind.value.inlines.map(toInline) };
}

/** The blocks of a text; none where there is no tree. */
export function toBlocks(text: messages.FormattedText | undefined): readonly Block[] {
  return text?.blocks.map(toBlock) ?? [];
}

function toReaction({ emoji, count, userIds, hasCaller }: messages.ReactionCount): Reaction {
  return { emoji, count, userIds, hasCaller };
}

export function toMessage(message: messages.Message): Message {
  return {
    roomId: message.roomId,
    messageId: message.messageId,
    seq: Number(message.seq),
    senderId: message.senderId,
    text: message.text,
    blocks: toBlocks(message.formattedText),
    createTime: optionalMillis(message.createTime) ?? 0,
    requestId: message.requestId,
    isDeleted: message.isDeleted,
    editCount: message.editCount,
    editTime: optionalMillis(message.editTime),
    reactions: message.reactions.map(toReaction),
    isPinned: message.isPinned,
    // In events it is the message as it was sent.
    asOfSeq: Number(message.asOfSeq > message.seq ? message.asOfSeq : message.seq),
  };
}

const availabilities: Record<Wire, Availability> = {
  [Wire.UNSPECIFIED]: 'offline',
  [Wire.ONLINE]: 'online',
  [Wire.AWAY]: 'away',
  [Wire.DO_NOT_DISTURB]: 'doNotDisturb',
  [Wire.OFFLINE]: 'offline',
  [Wire.INVISIBLE]: 'invisible',
};

export function toPresence(told: presence.Presence): Presence {
  return {
    userId: told.userId,
    availability: (availabilities as Partial<Record<number, Availability>>)[told.availability] ?? 'offline',
    statusText: told.statusText,
  };
}

const chosen: Record<ChosenAvailability, Wire> = {
  online: Wire.ONLINE,
  away: Wire.AWAY,
  doNotDisturb: Wire.DO_NOT_DISTURB,
  invisible: Wire.INVISIBLE,
};

export function fromChosen(availability: ChosenAvailability): Wire {
  return chosen[availability];
}
