import { describe, expect, it } from 'vitest';
import { cursor, Drive, entry, event, garden, lobby, unavailable } from './drive';

describe('what the stream watches', () => {
  it('changes in one call for several changes, under a revision that grows', () => {
    const drive = new Drive().live();
    drive.tell({ kind: 'interest', opened: [garden, lobby], people: ['ada'] }).tell({ kind: 'interest', opened: [garden, lobby], people: ['ada', 'bruno'] });
    const first = drive.pass(100).took('updateInterest');
    expect(first).toHaveLength(1);
    expect(first[0]?.interest.presenceUserIds).toEqual(['ada', 'bruno']);
    drive.acknowledge().tell({ kind: 'interest', opened: [garden, lobby], people: [] });
    const [second] = drive.pass(100).took('updateInterest');
    expect((second?.revision ?? 0n) > (first[0]?.revision ?? 0n)).toBe(true);
  });

  it('is not told what it knows', () => {
    const drive = new Drive().live().tell({ kind: 'interest', opened: [garden, lobby], people: ['ada'] });
    expect(drive.pass(1_000).took('updateInterest')).toEqual([]);
  });

  it('is told again when the stream does not say that it holds', () => {
    const drive = new Drive().live().tell({ kind: 'interest', opened: [lobby], people: ['chiyo'] });
    expect(drive.pass(100).took('updateInterest')).toHaveLength(1);
    expect(drive.pass(5_000).took('updateInterest')).toHaveLength(1);
  });

  it('opens the stream anew when the server does not know it any more', () => {
    const drive = new Drive().live().tell({ kind: 'interest', opened: [lobby], people: ['chiyo'] }).pass(100);
    const [update] = drive.took('updateInterest');
    drive.tell({ kind: 'interestFailed', generation: drive.state.generation, revision: update?.revision ?? 0n, problem: { ...unavailable, code: 'notFound' } });
    expect(drive.took('open')).toHaveLength(1);
  });

  it('leaves out a room whose history is being read, until its cursor is there', () => {
    const kitchen = 'room-kitchen';
    const drive = new Drive().live().tell({ kind: 'historyLoading', roomId: kitchen }).tell({ kind: 'roomGained', entry: entry(kitchen) });
    expect(drive.pass(100).took('updateInterest')).toEqual([]);
    drive.tell({ kind: 'historyLoaded', roomId: kitchen, cursor: cursor(3, kitchen), requestedAt: drive.now });
    const [withIt] = drive.pass(100).took('updateInterest');
    expect(withIt?.interest.rooms).toContainEqual(cursor(3, kitchen));
    drive.acknowledge().events(event(4, kitchen));
    expect(drive.applied()).toEqual([`${kitchen} 4`]);
  });

  it('stays within the contract’s caps, the open rooms first', () => {
    const many = Array.from({ length: 300 }, (_, index) => entry(`room-${index}`));
    const drive = new Drive().tell({ kind: 'roomListLoaded', version: 1n, entries: many }).tell({ kind: 'interest', opened: ['room-299'], people: Array.from({ length: 900 }, (_, index) => `user-${index}`) });
    const [open] = drive.tell({ kind: 'start' }).pass(600).took('open');
    expect(open?.interest.rooms).toHaveLength(200);
    expect(open?.interest.rooms[0]?.roomId).toBe('room-299');
    expect(open?.interest.presenceUserIds).toHaveLength(500);
  });

  it('goes on from where a room was seen in another life of the page', () => {
    const drive = new Drive().tell({ kind: 'roomListLoaded', version: 1n, entries: [entry(garden)] }).tell({ kind: 'seenBefore', cursors: [cursor(4, garden), cursor(9, 'room-left')] });
    const [open] = drive.tell({ kind: 'start' }).pass(600).took('open');
    expect(open?.interest.rooms).toEqual([cursor(4, garden)]);
  });

  it('tells of typing by this clock, however wrong that is', () => {
    const drive = new Drive().live();
    drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: null }).pass(600);
    drive.item({ kind: 'welcome', streamId: 's', silenceLimitMs: 30_000, serverTime: drive.now + 3_600_000 });
    drive.take();
    drive.item({ kind: 'typing', roomId: lobby, userId: 'ada', isTyping: true, expireTime: drive.now + 3_600_000 + 4_000 });
    expect(drive.news()).toEqual([{ kind: 'typing', roomId: lobby, userId: 'ada', until: drive.now + 4_000 }]);
  });
});
