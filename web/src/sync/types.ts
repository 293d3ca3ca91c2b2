// The state of the sync engine, what it is told and what it asks for. All of it is plain data.
import type { Presence } from '../model/people';
import type { Problem } from '../model/problem';
import type { Cursor, RoomEntry } from '../model/rooms';
import type { Interest, RoomClosedReason, RoomEvent, StreamItem } from '../model/stream';

/** Where one room's events have come to. */
export type RoomSync = {
  /** The last event that came, by which the stream goes on after a break; null for "from now on". */
  readonly cursor: Cursor | null;
  /** The number up to which nothing is missing: the cursor's, or the end of a hidden range beyond it. */
  readonly position: number | null;
  /** Since when the present stream is known to watch the room; null while it is not known to. */
  readonly watchedSince: number | null;
  /** Whether the present stream was given a cursor for the room, so that nothing before the first event is missing. */
  readonly hadCursor: boolean;
  /** A head beyond our position that a heartbeat told, and when. */
  readonly ahead: { readonly seq: number; readonly since: number } | null;
  /** Not before when the room may be asked for again after it could not be read. */
  readonly retryAt: number | null;
};

/** The connection. `generation` tells one stream from the next, so that a late word of a dead one is not heard. */
export type Link =
  | { readonly phase: 'stopped' }
  /** Before the first stream: it waits a moment for the first room's history, to begin from its cursor. */
  | { readonly phase: 'holding'; readonly until: number }
  | { readonly phase: 'waiting'; readonly retryAt: number }
  | { readonly phase: 'opening'; readonly since: number; readonly sentRooms: readonly string[] }
  | { readonly phase: 'live'; readonly since: number; readonly streamId: string; readonly silenceLimitMs: number; readonly heardAt: number };

/** How the page's interest stands against what the stream has been told. */
export type InterestSync = {
  /** The rooms that a tab has open, the latest first. */
  readonly opened: readonly string[];
  /** Rooms of which the history is being read; they are asked for with the cursor that comes with it. */
  readonly loading: readonly string[];
  readonly people: readonly string[];
  readonly revision: bigint;
  /** The revision that is sent and not yet applied, with the rooms in it. */
  readonly sent: { readonly revision: bigint; readonly at: number; readonly rooms: readonly string[] } | null;
  /** What the present stream was told last, to tell it only what changed. */
  readonly told: { readonly rooms: readonly string[]; readonly people: readonly string[] };
  /** When a change is told to the stream: a little later, so that several go in one; null for no change. */
  readonly dueAt: number | null;
};

/** The user's list of rooms, as versioned state. */
export type RoomListSync = {
  readonly version: bigint;
  readonly entries: ReadonlyMap<string, RoomEntry>;
  /** Changes that came while the list was being read; null while it is not. */
  readonly held: readonly Extract<StreamItem, { kind: 'userStateChanged' }>[] | null;
  /** How often the list is being read. */
  readonly loads: number;
  /** Since when a heartbeat's version is known to be above ours; null while none is. */
  readonly behindSince: number | null;
};

/** What the banner says of the connection. */
export type LinkStatus = 'quiet' | 'reconnecting' | 'offline';

export type SyncState = {
  readonly link: Link;
  readonly generation: number;
  /** How many attempts have failed since the stream last held. */
  readonly attempt: number;
  /** Since when there is no live stream, or null while there is. */
  readonly downSince: number | null;
  readonly isOnline: boolean;
  readonly status: LinkStatus;
  /** The server's clock minus ours, in milliseconds. */
  readonly clockSkew: number;
  readonly rooms: ReadonlyMap<string, RoomSync>;
  readonly roomList: RoomListSync;
  readonly interest: InterestSync;
  readonly presences: ReadonlyMap<string, Presence>;
};

/** What the engine is told. */
export type Input =
  /** The list of rooms is read for the first time, or after a reset. */
  | { readonly kind: 'roomListLoaded'; readonly version: bigint; readonly entries: readonly RoomEntry[] }
  /** A call of this client changed the list: the answer holds until the stream says more. */
  | { readonly kind: 'roomGained'; readonly entry: RoomEntry }
  | { readonly kind: 'roomLost'; readonly roomId: string }
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'interest'; readonly opened: readonly string[]; readonly people: readonly string[] }
  | { readonly kind: 'historyLoading'; readonly roomId: string }
  | { readonly kind: 'historyLoaded'; readonly roomId: string; readonly cursor: Cursor | null; readonly requestedAt: number }
  | { readonly kind: 'historyFailed'; readonly roomId: string }
  /** The last event that was seen in another life of the page: the stream goes on from there. */
  | { readonly kind: 'seenBefore'; readonly cursors: readonly Cursor[] }
  | { readonly kind: 'item'; readonly generation: number; readonly item: StreamItem }
  | { readonly kind: 'streamEnded'; readonly generation: number; readonly problem: Problem | null }
  | { readonly kind: 'interestFailed'; readonly generation: number; readonly revision: bigint; readonly problem: Problem }
  | { readonly kind: 'online'; readonly isOnline: boolean }
  | { readonly kind: 'tick' };

/** What the tabs are told. */
export type News =
  | { readonly kind: 'roomEvent'; readonly event: RoomEvent }
  | { readonly kind: 'roomList'; readonly entries: readonly RoomEntry[] }
  | { readonly kind: 'head'; readonly roomId: string; readonly seq: number }
  /** The room's history must be read afresh; `seq` is the place from which events follow. */
  | { readonly kind: 'reloadRoom'; readonly roomId: string; readonly seq: number }
  | { readonly kind: 'roomClosed'; readonly roomId: string; readonly reason: RoomClosedReason }
  | { readonly kind: 'presence'; readonly presence: Presence }
  /** `until` is by this client's clock; null for one who stopped. */
  | { readonly kind: 'typing'; readonly roomId: string; readonly userId: string; readonly until: number | null }
  | { readonly kind: 'link'; readonly status: LinkStatus };

/** What the engine asks for. */
export type Effect =
  | { readonly kind: 'open'; readonly generation: number; readonly interest: Interest; readonly userStateVersion: bigint }
  | { readonly kind: 'close'; readonly generation: number }
  | { readonly kind: 'updateInterest'; readonly generation: number; readonly streamId: string; readonly revision: bigint; readonly interest: Interest }
  | { readonly kind: 'loadRoomList' }
  | { readonly kind: 'renewSession' }
  | { readonly kind: 'sessionEnded' }
  | { readonly kind: 'tell'; readonly news: News };

/** What the engine cannot know by itself. */
export type Env = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Between 0 and 1. */
  readonly random: number;
};

export type Step = { readonly state: SyncState; readonly effects: readonly Effect[] };
