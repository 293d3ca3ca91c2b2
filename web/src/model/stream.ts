import type { Block, Message } from './messages';
import type { Presence } from './people';
import type { Cursor, Role, Room, RoomEntry } from './rooms';

/** What an entry of a room's log changed. `other` still takes its number. */
export type RoomChange =
  | { readonly kind: 'messageSent'; readonly message: Message }
  | { readonly kind: 'roomUpdated'; readonly room: Room }
  | { readonly kind: 'membershipsChanged'; readonly changes: readonly MembershipChange[]; readonly memberCount: number }
  | MessageChange
  /** The content was erased; what it was is known. */
  | { readonly kind: 'blanked'; readonly wasMessage: boolean }
  | { readonly kind: 'other' };

/** What became of a message that stands at `messageSeq`. */
export type MessageChange = { readonly messageId: string; readonly messageSeq: number } & (
  | { readonly kind: 'messageEdited'; readonly text: string; readonly blocks: readonly Block[]; readonly editCount: number }
  | { readonly kind: 'messageDeleted' }
  | { readonly kind: 'reactionChanged'; readonly emoji: string; readonly isAdded: boolean }
  | { readonly kind: 'pinChanged'; readonly isPinned: boolean }
);

/** One person came or went. */
export type MembershipChange = { readonly userId: string; readonly isMember: boolean; readonly role: Role };

/** One durable change of a room. */
export type RoomEvent = {
  readonly roomId: string;
  readonly seq: number;
  readonly eventId: string;
  readonly epoch: string;
  readonly actorId: string;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly createTime: number;
  readonly change: RoomChange;
};

/** A change of the user's list of rooms. The version is a 64-bit number of the server's, so it stays a bigint. */
export type UserRoomChange = {
  readonly version: bigint;
  readonly change: { readonly kind: 'gained'; readonly entry: RoomEntry } | { readonly kind: 'lost'; readonly roomId: string };
};

/** Why a room is no longer watched. */
export type RoomClosedReason = 'notFound' | 'removed' | 'unavailable';

/** Why a stream ends. */
export type ClosingReason = 'goingAway' | 'sessionEnded' | 'readerTooSlow' | 'noBeat' | 'other';

/** One thing that the stream says. Times are milliseconds since the epoch, by the server's clock. */
export type StreamItem =
  | { readonly kind: 'welcome'; readonly streamId: string; readonly silenceLimitMs: number; readonly serverTime: number | null }
  | { readonly kind: 'roomEvent'; readonly event: RoomEvent }
  | { readonly kind: 'hidden'; readonly roomId: string; readonly fromSeq: number; readonly toSeq: number }
  | { readonly kind: 'resetRoom'; readonly cursor: Cursor }
  | { readonly kind: 'resetUserState'; readonly version: bigint }
  | { readonly kind: 'heartbeat'; readonly heads: readonly Cursor[]; readonly serverTime: number | null; readonly userStateVersion: bigint }
  | { readonly kind: 'userStateChanged'; readonly change: UserRoomChange }
  | { readonly kind: 'presence'; readonly presence: Presence }
  | { readonly kind: 'typing'; readonly roomId: string; readonly userId: string; readonly isTyping: boolean; readonly expireTime: number | null }
  | { readonly kind: 'interestApplied'; readonly revision: bigint }
  | { readonly kind: 'roomClosed'; readonly roomId: string; readonly reason: RoomClosedReason }
  | { readonly kind: 'closing'; readonly reason: ClosingReason }
  | { readonly kind: 'unknown' };

/** What a stream watches. */
export type Interest = {
  readonly rooms: readonly Cursor[];
  readonly presenceUserIds: readonly string[];
};
