import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/model/messages';
import { emptyTimeline, failed, newestLoaded, olderLoaded, queued, received, removed, retried } from '../../src/timeline/history';
import { rowsOf } from '../../src/timeline/rows';
import { dayName } from '../../src/timeline/time';

const noon = new Date(2026, 2, 3, 12).getTime();
const minute = 60_000;

function message(seq: number, change: Partial<Message> = {}): Message {
  const said = { roomId: 'room', messageId: `m${seq}`, seq, senderId: 'ada', text: `${seq}`, blocks: [], createTime: noon + seq * 1_000, requestId: '' };
  return { ...said, isDeleted: false, editCount: 0, editTime: null, reactions: [], isPinned: false, asOfSeq: seq, ...change };
}

const pending = (requestId: string) => ({ requestId, text: requestId, createTime: noon, problem: null });
const problem = { code: 'unavailable', reason: '', violations: [], retryAfterMs: null } as const;
const seqs = (timeline: typeof emptyTimeline) => timeline.messages.map(({ seq }) => seq);

describe('a message on its way', () => {
  const sent = message(1, { senderId: 'me', requestId: 'r1' });

  it('is replaced by itself, whether the answer or the event comes first', () => {
    const timeline = received(received(queued(emptyTimeline, pending('r1')), sent), sent);
    expect(timeline.pendings).toEqual([]);
    expect(seqs(timeline)).toEqual([1]);
  });

  it('keeps its place on screen when it arrives', () => {
    const before = queued(emptyTimeline, pending('r1'));
    const [, first] = rowsOf(before, 'me');
    const [, after] = rowsOf(received(before, sent), 'me');
    expect(after?.key).toBe(first?.key);
  });

  it('is there once also when it had been given up', () => {
    const timeline = received(failed(queued(emptyTimeline, pending('r1')), 'r1', problem), sent);
    expect(timeline.pendings).toEqual([]);
  });

  it('fails, is tried again and is removed', () => {
    const lost = failed(queued(emptyTimeline, pending('r1')), 'r1', problem);
    expect(lost.pendings[0]?.problem).toEqual(problem);
    expect(retried(lost, 'r1').pendings[0]?.problem).toBeNull();
    expect(removed(lost, 'r1').pendings).toEqual([]);
  });

  it('is not confused with somebody else’s message', () => {
    const timeline = received(queued(emptyTimeline, pending('r1')), message(1, { requestId: 'r2' }));
    expect(timeline.pendings).toHaveLength(1);
  });
});

describe('the history', () => {
  it('stands in the order of the log, each message once, whatever comes first', () => {
    const later = received(received(emptyTimeline, message(4)), message(3));
    const newest = newestLoaded(later, { messages: [message(2), message(3)], olderToken: 'older', cursor: { roomId: 'room', epoch: 'e', seq: 3, eventId: '' } }, 'me');
    const whole = olderLoaded(newest, { messages: [message(1), message(2)], olderToken: '', cursor: null }, 'me');
    expect(seqs(whole)).toEqual([1, 2, 3, 4]);
    expect(whole.olderToken).toBe('');
  });

  it('lets go of what a reset made untrue, and keeps what is on its way', () => {
    const before = queued(received(emptyTimeline, message(2)), pending('r1'));
    const after = newestLoaded(before, { messages: [message(9)], olderToken: '', cursor: { roomId: 'room', epoch: 'e2', seq: 9, eventId: '' } }, 'me');
    expect(seqs(after)).toEqual([9]);
    expect(after.pendings).toHaveLength(1);
  });
});

describe('the rows', () => {
  const kinds = (messages: Message[]) => rowsOf({ ...emptyTimeline, messages }, 'me').map((row) => (row.kind === 'day' ? 'day' : row.startsGroup ? 'start' : 'follow'));

  it('group messages of one author', () => {
    expect(kinds([message(1), message(2), message(3, { senderId: 'bruno' }), message(4)])).toEqual(['day', 'start', 'follow', 'start', 'start']);
  });

  it('begin a new group after five minutes', () => {
    expect(kinds([message(1), message(2, { createTime: noon + 10 * minute })])).toEqual(['day', 'start', 'start']);
  });

  it('begin each day with its name, and a group with it', () => {
    const evening = new Date(2026, 2, 3, 23, 59).getTime();
    expect(kinds([message(1, { createTime: evening }), message(2, { createTime: evening + 2 * minute })])).toEqual(['day', 'start', 'day', 'start']);
  });
});

describe('a day', () => {
  const words = { today: 'Today', yesterday: 'Yesterday' };
  const name = (...date: [number, number, number]) => dayName(new Date(...date, 8).getTime(), noon, words);

  it('has the name that a person would give it', () => {
    expect(name(2026, 2, 3)).toBe('Today');
    expect(name(2026, 2, 2)).toBe('Yesterday');
    expect(name(2026, 1, 1)).toMatch(/February/);
    expect(name(2026, 1, 1)).not.toMatch(/2026/);
    expect(name(2025, 11, 31)).toMatch(/2025/);
  });
});
