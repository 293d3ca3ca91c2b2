import { describe, expect, it } from 'vitest';
import type { RoomChange } from '../../src/model/stream';
import { cursor, Drive, entry, event, garden, lobby } from './drive';

describe('a room’s log', () => {
  it('hands on each event once and in order', () => {
    const drive = new Drive().live(10).events(event(11), event(12));
    expect(drive.applied()).toEqual([`${lobby} 11`, `${lobby} 12`]);
  });

  it('ignores what is there already', () => {
    const drive = new Drive().live(10).events(event(11), event(11), event(10), event(12));
    expect(drive.take().map((effect) => (effect.kind === 'tell' && effect.news.kind === 'roomEvent' ? effect.news.event.seq : effect.kind))).toEqual([11, 12]);
  });

  it('opens the stream anew from the last event when one is missing', () => {
    const drive = new Drive().live(10).events(event(11), event(13));
    const effects = drive.take();
    expect(effects.map((effect) => effect.kind)).toEqual(['tell', 'close', 'open']);
    const open = effects.at(-1);
    expect(open?.kind === 'open' && open.interest.rooms.find((room) => room.roomId === lobby)).toEqual(cursor(11));
  });

  it('accepts a hole that a hidden range covers, and goes on from the last known event after a break', () => {
    const drive = new Drive().live(10).item({ kind: 'hidden', roomId: lobby, fromSeq: 11, toSeq: 13 }).events(event(14));
    expect(drive.applied()).toEqual([`${lobby} 14`]);
    drive.item({ kind: 'hidden', roomId: lobby, fromSeq: 15, toSeq: 15 }).tell({ kind: 'streamEnded', generation: drive.state.generation, problem: null });
    const [open] = drive.pass(20_000).took('open');
    expect(open?.interest.rooms.find((room) => room.roomId === lobby)).toEqual(cursor(14));
  });

  it('does not believe a hidden range that leaves a hole before it', () => {
    const drive = new Drive().live(10).item({ kind: 'hidden', roomId: lobby, fromSeq: 12, toSeq: 13 });
    expect(drive.took('open')).toHaveLength(1);
  });

  it('takes the place of a reset and has the room read afresh', () => {
    const drive = new Drive().live(10).item({ kind: 'resetRoom', cursor: cursor(40, lobby, 'e2') });
    expect(drive.news()).toEqual([{ kind: 'reloadRoom', roomId: lobby, seq: 40 }]);
    drive.events(event(41, lobby, 'e2'));
    expect(drive.applied()).toEqual([`${lobby} 41`]);
  });

  it('does not mix the lives of a log', () => {
    const drive = new Drive().live(10).events(event(11, lobby, 'e2'));
    const effects = drive.take();
    expect(effects.map((effect) => effect.kind)).toEqual(['close', 'open']);
  });

  it('opens the stream anew when a room stays behind its head for two seconds', () => {
    const drive = new Drive().live(10).item({ kind: 'heartbeat', heads: [cursor(12)], serverTime: null, userStateVersion: 5n });
    expect(drive.pass(1_900).took('open')).toHaveLength(0);
    expect(drive.pass(200).took('open')).toHaveLength(1);
  });

  it('is content when the missing events come in time', () => {
    const drive = new Drive().live(10).item({ kind: 'heartbeat', heads: [cursor(12)], serverTime: null, userStateVersion: 5n }).pass(1_000).events(event(11), event(12));
    expect(drive.pass(5_000).took('open')).toHaveLength(0);
  });

  it('tells news of a room that it does not watch', () => {
    const drive = new Drive().live(10).item({ kind: 'heartbeat', heads: [cursor(7, 'room-elsewhere')], serverTime: null, userStateVersion: 5n });
    expect(drive.news()).toEqual([{ kind: 'head', roomId: 'room-elsewhere', seq: 7 }]);
  });

  it('takes the first event of a room watched from now on, whatever its number', () => {
    const drive = new Drive().live(10).events(event(90, garden), event(91, garden));
    expect(drive.applied()).toEqual([`${garden} 90`, `${garden} 91`]);
  });

  it('asks again, with the same cursor, for a room that could not be read', () => {
    const drive = new Drive().live(10).item({ kind: 'roomClosed', roomId: lobby, reason: 'unavailable' });
    drive.take();
    const [update] = drive.pass(3_100).took('updateInterest');
    expect(update?.interest.rooms).toContainEqual(cursor(10));
  });

  it('forgets a room that the reader is no longer in', () => {
    const drive = new Drive().live(10).item({ kind: 'roomClosed', roomId: lobby, reason: 'removed' });
    expect(drive.state.rooms.has(lobby)).toBe(false);
    expect(drive.state.roomList.entries.has(lobby)).toBe(false);
  });
});

describe('every kind of event', () => {
  const place = { messageId: 'm', messageSeq: 3 };
  const changes: readonly RoomChange[] = [
    { kind: 'messageEdited', ...place, text: 'words', blocks: [], editCount: 1 },
    { kind: 'messageDeleted', ...place },
    { kind: 'reactionChanged', ...place, emoji: '👍', isAdded: true },
    { kind: 'pinChanged', ...place, isPinned: true },
    { kind: 'blanked', wasMessage: true },
    { kind: 'membershipsChanged', changes: [], memberCount: 3 },
    { kind: 'roomUpdated', room: entry(lobby).room },
    { kind: 'other' },
  ];

  it('takes its number, also between hidden ranges', () => {
    const drive = new Drive().live(10);
    let seq = 10;
    for (const change of changes) {
      drive.item({ kind: 'hidden', roomId: lobby, fromSeq: seq + 1, toSeq: seq + 2 }).events({ ...event(seq + 3), change });
      seq += 3;
    }
    expect(drive.applied()).toEqual(changes.map((_, index) => `${lobby} ${10 + 3 * (index + 1)}`));
    expect(drive.state.rooms.get(lobby)?.cursor).toEqual(cursor(seq));
    expect(drive.took('open')).toHaveLength(0);
  });
});

describe('a history read while the stream is live', () => {
  it('leaves the stream alone where it watched the room before', () => {
    const drive = new Drive().live(10).pass(1_000);
    drive.tell({ kind: 'historyLoading', roomId: garden }).tell({ kind: 'historyLoaded', roomId: garden, cursor: cursor(30, garden), requestedAt: drive.now });
    expect(drive.took('open')).toHaveLength(0);
    drive.events(event(31, garden));
    expect(drive.applied()).toEqual([`${garden} 31`]);
  });

  it('opens the stream anew where something may lie between the two', () => {
    const drive = new Drive().live(10);
    const before = (drive.state.rooms.get(garden)?.watchedSince ?? 0) - 1;
    drive.pass(2_000).tell({ kind: 'historyLoaded', roomId: garden, cursor: cursor(30, garden), requestedAt: before });
    const [open] = drive.took('open');
    expect(open?.interest.rooms).toContainEqual(cursor(30, garden));
  });

  it('keeps the stream’s own place where that is behind: the rest is on its way', () => {
    const drive = new Drive().live(10);
    drive.tell({ kind: 'historyLoaded', roomId: lobby, cursor: cursor(12), requestedAt: drive.now }).events(event(11), event(12), event(13));
    expect(drive.applied()).toEqual([11, 12, 13].map((seq) => `${lobby} ${seq}`));
  });
});

describe('whatever the network does', () => {
  it('the tabs get every event once and in order', () => {
    // A small generator of chance with a fixed seed: the test says the same each time.
    let seed = 42;
    const chance = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const drive = new Drive().live(0);
    const applied: number[] = [];
    const head = 400;
    let next = 1;
    for (let turn = 0; turn < 20_000 && applied.length < head; turn += 1) {
      for (const effect of drive.take()) {
        if (effect.kind === 'open') {
          next = (effect.interest.rooms.find((room) => room.roomId === lobby)?.seq ?? 0) + 1;
          drive.welcome();
        }
        if (effect.kind === 'tell' && effect.news.kind === 'roomEvent') applied.push(effect.news.event.seq);
      }
      if (drive.state.link.phase !== 'live') {
        drive.pass(1_000);
        continue;
      }
      drive.pass(50);
      const roll = chance();
      if (roll < 0.05) drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: null });
      else if (roll < 0.1) next += 1;
      else if (roll < 0.15) drive.events(event(Math.max(1, next - 2)));
      else if (roll < 0.2) drive.item({ kind: 'heartbeat', heads: [cursor(Math.min(next, head))], serverTime: null, userStateVersion: 5n });
      else if (next <= head) {
        drive.events(event(next));
        next += 1;
      } else drive.item({ kind: 'heartbeat', heads: [cursor(head)], serverTime: null, userStateVersion: 5n }).pass(2_100);
    }
    expect(applied).toEqual(Array.from({ length: head }, (_, index) => index + 1));
  });
});
