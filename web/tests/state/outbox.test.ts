// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/model/messages';
import { ProblemError } from '../../src/model/problem';
import { Outbox } from '../../src/state/outbox';
import { RoomState } from '../../src/state/room.svelte';
import { TypingTeller } from '../../src/state/typing.svelte';
import { HostLink } from '../../src/worker/connect';
import type { ToHost } from '../../src/worker/protocol';

const asSent = { blocks: [], isDeleted: false, editCount: 0, editTime: null, reactions: [], isPinned: false } as const;

type Send = { roomId: string; requestId: string; text: string };
const unavailable = { code: 'unavailable', reason: '', violations: [], retryAfterMs: null } as const;

/** A room whose sends a test answers. */
function house() {
  const sends: (Send & { answer: (seq: number) => void; refuse: (code?: 'unavailable' | 'invalidArgument') => void })[] = [];
  const link = new HostLink({ attached: () => undefined, told: () => undefined });
  link.open((word: ToHost) => {
    if (word.kind !== 'call') return;
    const send = word.args[0] as Send;
    const message = (seq: number): Message => ({ ...send, ...asSent, messageId: `m${seq}`, seq, senderId: 'me', createTime: seq, asOfSeq: seq });
    sends.push({
      ...send,
      answer: (seq) => link.receive({ kind: 'answer', id: word.id, value: message(seq) }),
      refuse: (code = 'unavailable') => link.receive({ kind: 'refusal', id: word.id, problem: { ...unavailable, code } }),
    });
  });
  const room = new RoomState('room', link, () => 'me');
  const outbox = new Outbox(link, async () => undefined, () => 1);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  return { sends, room, outbox, turn };
}

describe('sending', () => {
  it('shows at once, and one after the other', async () => {
    const { sends, room, outbox, turn } = house();
    void outbox.send(room, 'one');
    void outbox.send(room, 'two');
    await turn();
    expect(room.timeline.pendings.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(sends.map(({ text }) => text)).toEqual(['one']);
    sends[0]?.answer(1);
    await turn();
    expect(sends.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(room.timeline.messages.map(({ seq }) => seq)).toEqual([1]);
  });

  it('is tried again by itself, under the same id, while the outcome is unknown', async () => {
    const { sends, room, outbox, turn } = house();
    void outbox.send(room, 'one');
    await turn();
    sends[0]?.refuse();
    await turn();
    sends[1]?.answer(1);
    await turn();
    expect(sends[1]?.requestId).toBe(sends[0]?.requestId);
    expect(room.timeline.pendings).toEqual([]);
  });

  it('fails with words after three tries, and goes again under the same id when asked to', async () => {
    const { sends, room, outbox, turn } = house();
    void outbox.send(room, 'one');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await turn();
      sends[attempt]?.refuse();
    }
    await turn();
    expect(room.timeline.pendings[0]?.problem?.code).toBe('unavailable');
    void outbox.retry(room, sends[0]?.requestId ?? '');
    await turn();
    sends[3]?.answer(9);
    await turn();
    expect(new Set(sends.map(({ requestId }) => requestId)).size).toBe(1);
    expect(room.timeline.messages).toHaveLength(1);
  });

  it('is not tried again where the server refuses it for good', async () => {
    const { sends, room, outbox, turn } = house();
    void outbox.send(room, 'one');
    await turn();
    sends[0]?.refuse('invalidArgument');
    await turn();
    expect(sends).toHaveLength(1);
    outbox.remove(room, sends[0]?.requestId ?? '');
    expect(room.timeline.pendings).toEqual([]);
  });
});

describe('typing', () => {
  it('is told at once, then at most each three seconds, and when it is over', () => {
    const told: string[] = [];
    let now = 0;
    const teller = new TypingTeller((roomId, isTyping) => told.push(`${now} ${roomId} ${isTyping}`), () => now);
    for (now = 0; now <= 6_500; now += 500) teller.typed('room');
    teller.stopped();
    teller.stopped();
    expect(told).toEqual(['0 room true', '3000 room true', '6000 room true', '7000 room false']);
  });

  it('ends in one room when it begins in another', () => {
    const told: string[] = [];
    const teller = new TypingTeller((roomId, isTyping) => told.push(`${roomId} ${isTyping}`));
    teller.typed('one');
    teller.typed('two');
    expect(told).toEqual(['one true', 'one false', 'two true']);
  });
});

it('a problem keeps its data on the way up', () => {
  expect(new ProblemError(unavailable).problem).toEqual(unavailable);
});
