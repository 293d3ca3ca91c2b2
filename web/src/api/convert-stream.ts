import type { ClosingReason, MembershipChange, RoomChange, RoomClosedReason, RoomEvent, StreamItem, UserRoomChange } from '../model/stream';
import { optionalMillis, toBlocks, toCursor, toMessage, toPresence, toRole, toRoom, toRoomEntry } from './convert';
import type * as events from './gen/loquat/events/v1/event_service_pb';
import { ClosingReason as WireClosing, RoomClosedReason as WireClosed } from './gen/loquat/events/v1/event_service_pb';
import type * as log from './gen/loquat/messages/v1/room_event_pb';
import { RoomEventSchema } from './gen/loquat/messages/v1/room_event_pb';
import type * as rooms from './gen/loquat/rooms/v1/user_rooms_service_pb';
import { durationMs } from './problem';

/** After how long a silent stream is dead where the server does not say: two heartbeats of 15 s. */
const defaultSilenceLimitMs = 30_000;

function toMembershipChange(change: log.MembershipChange): MembershipChange {
  return { userId: change.userId, isMember: change.isMember, role: toRole(change.role) };
}

function toPlace({ messageId, messageSeq }: { readonly messageId: string; readonly messageSeq: bigint }) {
  return { messageId, messageSeq: Number(messageSeq) };
}

function toChange(change: log.RoomEvent['change']): RoomChange {
  switch (change.case) {
    case 'messageSent':
      return change.value.message === undefined ? { kind: 'other' } : { kind: 'messageSent', message: toMessage(change.value.message) };
    case 'roomUpdated':
      return change.value.room === undefined ? { kind: 'other' } : { kind: 'roomUpdated', room: toRoom(change.value.room) };
    case 'membershipsChanged':
      return { kind: 'membershipsChanged', changes: change.value.changes.map(toMembershipChange), memberCount: change.value.memberCount };
    case 'messageEdited': {
      const { text, formattedText, editCount } = change.value;
      return { kind: 'messageEdited', ...toPlace(change.value), text, blocks: toBlocks(formattedText), editCount };
    }
    case 'messageDeleted':
      return { kind: 'messageDeleted', ...toPlace(change.value) };
    case 'reactionChanged':
      return { kind: 'reactionChanged', ...toPlace(change.value), emoji: change.value.emoji, isAdded: change.value.isAdded };
    case 'pinChanged':
      return { kind: 'pinChanged', ...toPlace(change.value), isPinned: change.value.isPinned };
    case 'blanked':
      return { kind: 'blanked', wasMessage: change.value.changeField === RoomEventSchema.field.messageSent.number };
    case 'roomCreated':
    case undefined:
      return { kind: 'other' };
  }
}

function toRoomEvent(event: log.RoomEvent): RoomEvent {
  return {
    roomId: event.roomId,
    seq: Number(event.seq),
    eventId: event.eventId,
    epoch: event.epoch,
    actorId: event.actorId,
    createTime: optionalMillis(event.createTime) ?? 0,
    change: toChange(event.change),
  };
}

function toUserRoomChange(told: rooms.UserRoomChange): UserRoomChange | null {
  if (told.change.case === 'lost') return { version: told.version, change: { kind: 'lost', roomId: told.change.value.roomId } };
  const entry = told.change.case === 'gained' ? toRoomEntry(told.change.value) : null;
  return entry === null ? null : { version: told.version, change: { kind: 'gained', entry } };
}

function toReset(reset: events.Reset): StreamItem {
  switch (reset.subject.case) {
    case 'room':
      return { kind: 'resetRoom', cursor: toCursor(reset.subject.value) };
    case 'userStateVersion':
      return { kind: 'resetUserState', version: reset.subject.value };
    case undefined:
      return { kind: 'unknown' };
  }
}

const closed: Record<WireClosed, RoomClosedReason> = {
  [WireClosed.UNSPECIFIED]: 'notFound',
  [WireClosed.NOT_FOUND]: 'notFound',
  [WireClosed.REMOVED]: 'removed',
  [WireClosed.UNAVAILABLE]: 'unavailable',
};

const closing: Record<WireClosing, ClosingReason> = {
  [WireClosing.UNSPECIFIED]: 'other',
  [WireClosing.GOING_AWAY]: 'goingAway',
  [WireClosing.SESSION_ENDED]: 'sessionEnded',
  [WireClosing.READER_TOO_SLOW]: 'readerTooSlow',
  [WireClosing.NO_BEAT]: 'noBeat',
};

/** What the stream says, in plain data. */
export function toStreamItem(item: events.StreamItem | undefined): StreamItem {
  const kind = item?.kind;
  switch (kind?.case) {
    case 'welcome': {
      const limit = kind.value.silenceLimit === undefined ? 0 : durationMs(kind.value.silenceLimit);
      return {
        kind: 'welcome',
        streamId: kind.value.streamId,
        silenceLimitMs: limit > 0 ? limit : defaultSilenceLimitMs,
        serverTime: optionalMillis(kind.value.serverTime),
      };
    }
    case 'roomEvent':
      return { kind: 'roomEvent', event: toRoomEvent(kind.value) };
    case 'hidden':
      return { kind: 'hidden', roomId: kind.value.roomId, fromSeq: Number(kind.value.fromSeq), toSeq: Number(kind.value.toSeq) };
    case 'reset':
      return toReset(kind.value);
    case 'heartbeat':
      return { kind: 'heartbeat', heads: kind.value.heads.map(toCursor), serverTime: optionalMillis(kind.value.serverTime), userStateVersion: kind.value.userStateVersion };
    case 'userStateChanged': {
      const change = kind.value.change === undefined ? null : toUserRoomChange(kind.value.change);
      return change === null ? { kind: 'unknown' } : { kind: 'userStateChanged', change };
    }
    case 'presence':
      return { kind: 'presence', presence: toPresence(kind.value) };
    case 'typing':
      return { kind: 'typing', roomId: kind.value.roomId, userId: kind.value.userId, isTyping: kind.value.isTyping, expireTime: optionalMillis(kind.value.expireTime) };
    case 'interestApplied':
      return { kind: 'interestApplied', revision: kind.value.revision };
    case 'roomClosed':
      return { kind: 'roomClosed', roomId: kind.value.roomId, reason: (closed as Partial<Record<number, RoomClosedReason>>)[kind.value.reason] ?? 'notFound' };
    case 'closing':
      return { kind: 'closing', reason: (closing as Partial<Record<number, ClosingReason>>)[kind.value.reason] ?? 'other' };
    case undefined:
      return { kind: 'unknown' };
  }
}
