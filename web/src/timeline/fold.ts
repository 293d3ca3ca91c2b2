// What events make of a message. The server folds the same way: a page of history says of each message up to which number
// it is folded, and what comes after is applied here. Pure.
import type { Message, Reaction } from '../model/messages';
import type { MessageChange, RoomEvent } from '../model/stream';

/** How many of those who reacted are known by name. */
const namedReactors = 20;

/** An event that changes a message. */
export type MessageChangeEvent = RoomEvent & { readonly change: MessageChange };

export function isMessageChange(event: RoomEvent): event is MessageChangeEvent {
  switch (event.change.kind) {
    case 'messageEdited':
    case 'messageDeleted':
    case 'reactionChanged':
    case 'pinChanged':
      return true;
    case 'messageSent':
    case 'roomUpdated':
    case 'membershipsChanged':
    case 'blanked':
    case 'other':
      return false;
  }
}

/** What is left of a message whose content was erased. */
function erased(message: Message): Message {
  return { ...message, isDeleted: true, text: '', blocks: [], editCount: 0, editTime: null, reactions: [], isPinned: false };
}

/** The place of a message that was erased before this page saw it. */
export function tombstone({ roomId, seq, actorId, createTime }: RoomEvent): Message {
  const message = { roomId, messageId: '', seq, senderId: actorId, text: '', blocks: [], createTime, requestId: '' };
  return { ...message, isDeleted: true, editCount: 0, editTime: null, reactions: [], isPinned: false, asOfSeq: seq };
}

function withReaction(reactions: readonly Reaction[], emoji: string, actorId: string, ownId: string): readonly Reaction[] {
  const known = reactions.find((reaction) => reaction.emoji === emoji) ?? { emoji, count: 0, userIds: [], hasCaller: false };
  const userIds = known.userIds.length < namedReactors ? [...known.userIds, actorId] : known.userIds;
  const next = { emoji, count: known.count + 1, userIds, hasCaller: known.hasCaller || actorId === ownId };
  return known.count === 0 ? [...reactions, next] : reactions.map((reaction) => (reaction === known ? next : reaction));
}

function withoutReaction(reactions: readonly Reaction[], emoji: string, actorId: string, ownId: string): readonly Reaction[] {
  return reactions.flatMap((reaction) => {
    if (reaction.emoji !== emoji) return [reaction];
    if (reaction.count <= 1) return [];
    const userIds = reaction.userIds.filter((userId) => userId !== actorId);
    return [{ emoji, count: reaction.count - 1, userIds, hasCaller: reaction.hasCaller && actorId !== ownId }];
  });
}

function withChange(message: Message, { change, actorId, createTime }: MessageChangeEvent, ownId: string): Message {
  switch (change.kind) {
    case 'messageEdited':
      return { ...message, text: change.text, blocks: change.blocks, editCount: change.editCount, editTime: createTime };
    case 'messageDeleted':
      return { ...erased(message), messageId: change.messageId };
    case 'reactionChanged': {
      const next = change.isAdded ? withReaction : withoutReaction;
      return { ...message, reactions: next(message.reactions, change.emoji, actorId, ownId) };
    }
    case 'pinChanged':
      return { ...message, isPinned: change.isPinned };
  }
}

/** The message after an event about it. One that is in it already changes nothing. */
export function folded(message: Message, event: MessageChangeEvent, ownId: string): Message {
  if (event.seq <= message.asOfSeq) return message;
  return { ...withChange(message, event, ownId), asOfSeq: event.seq };
}

/** Which of two states of what stands at one place is the later one. */
export function later(known: Message | undefined, incoming: Message): Message {
  if (known === undefined || known.asOfSeq < incoming.asOfSeq) return incoming;
  const isOther = known.messageId !== incoming.messageId && known.messageId !== '' && incoming.messageId !== '';
  if (isOther) return incoming;
  // What a stream says anew of a message that was erased meanwhile is only that.
  return incoming.isDeleted && !known.isDeleted ? { ...erased(known), asOfSeq: known.asOfSeq } : known;
}
