/** What kind of room it is. `other` is a kind that this page is too old for. */
export type RoomKind = 'public' | 'private' | 'direct' | 'other';

/** A place where people talk. */
export type Room = {
  readonly roomId: string;
  readonly kind: RoomKind;
  /** Empty in a direct room, which is named by its other member. */
  readonly name: string;
  readonly topic: string;
  /** Milliseconds since the epoch. */
  readonly createTime: number;
  readonly memberCount: number;
  /** The two members of a direct room; empty in others. */
  readonly directUserIds: readonly string[];
};

/** What a member is to a room. */
export type Role = 'owner' | 'member';

/** A person in a room. */
export type Membership = {
  readonly userId: string;
  readonly role: Role;
};

/** A room in a list, with the reader's own membership where there is one. */
export type RoomEntry = {
  readonly room: Room;
  readonly membership: Membership | null;
};

/** A page of a list that is read by token; an empty token ends it. */
export type Page<Item> = {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
};

/** A place in a room's log: right after an event. `epoch` and `eventId` are empty and `seq` 0 where one has nothing yet. */
export type Cursor = {
  readonly roomId: string;
  readonly epoch: string;
  readonly seq: number;
  readonly eventId: string;
};
