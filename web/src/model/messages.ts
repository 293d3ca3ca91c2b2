import type { Cursor } from './rooms';

/** A piece of a paragraph. `unknown` is a kind that this page is too old for. */
export type Inline = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'lineBreak' } | { readonly kind: 'unknown' };

/** A block of text. */
export type Block = { readonly kind: 'paragraph'; readonly inlines: readonly Inline[] } | { readonly kind: 'unknown' };

/** What somebody said in a room. */
export type Message = {
  readonly roomId: string;
  readonly messageId: string;
  readonly seq: number;
  readonly senderId: string;
  /** The source text, drawn where the tree is empty or of a kind unknown here. */
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Milliseconds since the epoch. */
  readonly createTime: number;
  readonly requestId: string;
};

/** A page of a room's history, oldest first, and where the log stood when it was read. */
export type History = {
  readonly messages: readonly Message[];
  /** Asks for older messages; empty where there are none. */
  readonly olderToken: string;
  readonly cursor: Cursor | null;
};
