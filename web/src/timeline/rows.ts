import type { Message } from '../model/messages';
import type { Pending, Timeline } from './history';
import { dayOf } from './time';

/** What stands in the timeline, from the top down. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'sent'; readonly key: string; readonly message: Message; readonly startsGroup: boolean }
  | { readonly kind: 'pending'; readonly key: string; readonly pending: Pending; readonly startsGroup: boolean };

/** Messages of one author stand together unless this much time lies between them. */
const groupGapMs = 5 * 60_000;

function keyOf(timeline: Timeline, { messageId, seq }: Message): string {
  return timeline.ownKeys.get(messageId) ?? (messageId === '' ? `place ${seq}` : messageId);
}

/** Sets the messages out in days and in groups of one author. */
export function rowsOf(timeline: Timeline, ownId: string): Row[] {
  const rows: Row[] = [];
  let author = '';
  let time = Number.NEGATIVE_INFINITY;
  let day = '';

  const place = (nextAuthor: string, nextTime: number): boolean => {
    const nextDay = dayOf(nextTime);
    if (nextDay !== day) {
      rows.push({ kind: 'day', key: `day ${nextDay}`, time: nextTime });
      author = '';
    }
    const startsGroup = nextAuthor !== author || nextTime - time > groupGapMs;
    [author, time, day] = [nextAuthor, nextTime, nextDay];
    return startsGroup;
  };

  for (const message of timeline.messages) {
    const startsGroup = place(message.senderId, message.createTime);
    rows.push({ kind: 'sent', key: keyOf(timeline, message), message, startsGroup });
  }
  for (const pending of timeline.pendings) {
    const startsGroup = place(ownId, Math.max(pending.createTime, time));
    rows.push({ kind: 'pending', key: pending.requestId, pending, startsGroup });
  }
  return rows;
}
