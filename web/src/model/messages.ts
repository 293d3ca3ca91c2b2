import type { Cursor } from './rooms';

/** A piece of a paragraph. `unknown` is a kind that this page is too old for. */
export type Inline = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'lineBreak' } | { readonly kind: 'unknown' };

/** A block of text. */
export type Block = { readonly kind: 'paragraph'; readonly inlines: readonly Inline[] } | { readonly kind: 'unknown' };

/** All that reacted to a message with one emoji. */
export type Reaction = {
  readonly emoji: string;
  readonly count: number;
  /** The first of them, at most 20, in the order in which they reacted. */
  readonly userIds: readonly string[];
  readonly hasCaller: boolean;
};

/** What somebody said in a room, as it is by now: edited, deleted, reacted to. */
export type Message = {
  readonly roomId: string;
  /** Empty for one of which only the place is left. */
  readonly messageId: string;
  readonly seq: number;
  readonly senderId: string;
  /** The source text, drawn where the tree is empty or of a kind unknown here. */
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Milliseconds since the epoch. */
  readonly createTime: number;
  readonly requestId: string;
  /** Text, reactions and pin are gone; the place is left. */
  readonly isDeleted: boolean;
  /** How often it was edited. */
  readonly editCount: number;
  /** When it was edited last, in milliseconds since the epoch; null where it was not. */
  readonly editTime: number | null;
  /** In the order in which the first of each came. */
  readonly reactions: readonly Reaction[];
  readonly isPinned: boolean;
  /** Up to which number of the log this is what it is. Events at or below it are in it already. */
  readonly asOfSeq: number;
};

/** A page of a room's history, oldest first, and where the log stood when it was read. */
export type History = {
  readonly messages: readonly Message[];
  /** Asks for older messages; empty where there are none. */
  readonly olderToken: string;
  readonly cursor: Cursor | null;
};
