// What tabs and host say to each other, over a port or in one page. All of it is plain data.
import type { Credentials, NewMessage, NewRoom, Registration } from '../api/client';
import type { History, Message } from '../model/messages';
import type { ChosenAvailability, Presence, User } from '../model/people';
import type { Problem } from '../model/problem';
import type { Cursor, Membership, Page, RoomEntry } from '../model/rooms';
import type { Session } from '../model/session';
import type { LinkStatus, News } from '../sync/types';

export type { NewMessage, NewRoom, Registration } from '../api/client';
export type { News, LinkStatus } from '../sync/types';

/** What one tab shows, from which the host makes the interest of the one stream. */
export type TabInterest = {
  /** The rooms that the tab has read, the one on screen first. */
  readonly openRooms: readonly string[];
  /** The people whose presence it shows. */
  readonly people: readonly string[];
};

/** What a tab may ask of the host. Each throws a `ProblemError`. */
export type HostApi = {
  /** Makes an account and signs in; `registered` where the account is made and only signing in failed. */
  readonly register: (form: Registration, deviceName: string) => Promise<'signedIn' | 'registered'>;
  readonly signIn: (credentials: Credentials) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly batchGetUsers: (userIds: readonly string[]) => Promise<readonly User[]>;
  readonly searchUsers: (query: string) => Promise<Page<User>>;
  readonly listDirectory: (query: string, pageToken: string) => Promise<Page<RoomEntry>>;
  readonly getRoom: (roomId: string) => Promise<RoomEntry>;
  readonly createRoom: (room: NewRoom) => Promise<RoomEntry>;
  readonly joinRoom: (roomId: string) => Promise<RoomEntry>;
  readonly leaveRoom: (roomId: string) => Promise<void>;
  readonly openDirectRoom: (userId: string) => Promise<RoomEntry>;
  readonly listMembers: (roomId: string, pageToken: string) => Promise<Page<Membership>>;
  readonly sendMessage: (message: NewMessage) => Promise<Message>;
  /** The newest messages; the stream then follows the room from where they were read. */
  readonly openRoom: (roomId: string) => Promise<History>;
  readonly listOlderMessages: (roomId: string, pageToken: string) => Promise<History>;
  readonly setPresence: (availability: ChosenAvailability, statusText: string) => Promise<Presence>;
  readonly setTyping: (roomId: string, isTyping: boolean) => Promise<void>;
};

export type Method = keyof HostApi;

/** From a tab to the host. */
export type ToHost =
  | { readonly kind: 'call'; readonly id: number; readonly method: Method; readonly args: readonly unknown[] }
  /** The first word of a tab: it holds a lock of this name for as long as it lives. */
  | { readonly kind: 'attach'; readonly lock: string; readonly seen: readonly Cursor[] }
  | { readonly kind: 'interest'; readonly interest: TabInterest }
  | { readonly kind: 'online'; readonly isOnline: boolean }
  | { readonly kind: 'detach' };

/** What a tab that comes later must know at once. */
export type Snapshot = {
  readonly session: Session;
  readonly rooms: readonly RoomEntry[] | null;
  readonly presences: readonly Presence[];
  readonly link: LinkStatus;
};

/** From the host to a tab. */
export type ToTab =
  | { readonly kind: 'attached'; readonly snapshot: Snapshot }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly problem: Problem }
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'news'; readonly news: News };
