// The messages of a log as they are at its end.
import { clone, create } from '@bufbuild/protobuf';
import { MessageSchema, ReactionCountSchema } from '../gen/loquat/messages/v1/message_pb';
import type { Message } from '../gen/loquat/messages/v1/message_pb';
import type { RoomEvent } from '../gen/loquat/messages/v1/room_event_pb';
import { RoomEventSchema } from '../gen/loquat/messages/v1/room_event_pb';

export function foldedLog(log: readonly RoomEvent[]): Message[] {
  const messages = new Map<bigint, Message>();
  for (const event of log) apply(messages, event);
  const asOfSeq = log.at(-1)?.seq ?? 0n;
  return [...messages.values()].map((message) => ({ ...message, asOfSeq }));
}

function apply(messages: Map<bigint, Message>, { roomId, seq, actorId, createTime, change }: RoomEvent): void {
  switch (change.case) {
    case 'messageSent':
      if (change.value.message !== undefined) messages.set(seq, clone(MessageSchema, change.value.message));
      return;
    case 'blanked': {
      if (change.value.changeField !== RoomEventSchema.field.messageSent.number) return;
      messages.set(seq, create(MessageSchema, { roomId, seq, senderId: actorId, isDeleted: true, ...(createTime === undefined ? {} : { createTime }) }));
      return;
    }
    case 'messageEdited':
      Object.assign(messages.get(change.value.messageSeq) ?? {}, { text: change.value.text, formattedText: change.value.formattedText, editCount: change.value.editCount, editTime: createTime });
      return;
    case 'messageDeleted': {
      const { messageId, messageSeq } = change.value;
      Object.assign(messages.get(messageSeq) ?? {}, { messageId, text: '', formattedText: undefined, isDeleted: true, isPinned: false, reactions: [], editCount: 0, editTime: undefined });
      return;
    }
    case 'reactionChanged': {
      const message = messages.get(change.value.messageSeq);
      if (message !== undefined) react(message, change.value.emoji, actorId, change.value.isAdded);
      return;
    }
    case 'pinChanged':
      Object.assign(messages.get(change.value.messageSeq) ?? {}, { isPinned: change.value.isPinned });
      return;
    case 'roomCreated':
    case 'roomUpdated':
    case 'membershipsChanged':
    case undefined:
      return;
  }
}

function react(message: Message, emoji: string, userId: string, isAdded: boolean): void {
  let reaction = message.reactions.find((known) => known.emoji === emoji);
  if (reaction === undefined) {
    reaction = create(ReactionCountSchema, { emoji });
    message.reactions.push(reaction);
  }
  const userIds = reaction.userIds.filter((known) => known !== userId);
  reaction.userIds = isAdded ? [...userIds, userId] : userIds;
  reaction.count = reaction.userIds.length;
  message.reactions = message.reactions.filter((known) => known.count > 0);
}
