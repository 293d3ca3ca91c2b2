import { describe, expect, it } from 'vitest';
import { backoff } from '../../src/sync/link';
import { cursor, Drive, entry, event, garden, lobby, unavailable } from './drive';

describe('the first stream', () => {
  it('begins from the cursor of the first room’s history', () => {
    const drive = new Drive();
    drive
      .tell({ kind: 'roomListLoaded', version: 5n, entries: [entry(lobby), entry(garden)] })
      .tell({ kind: 'start' })
      .tell({ kind: 'historyLoading', roomId: lobby })
      .tell({ kind: 'historyLoaded', roomId: lobby, cursor: cursor(10), requestedAt: drive.now });
    const [open] = drive.took('open');
    expect(open?.interest.rooms).toEqual([cursor(10), { roomId: garden, epoch: '', seq: 0, eventId: '' }]);
    expect(open?.userStateVersion).toBe(5n);
  });

  it('does not wait for a history for ever', () => {
    const drive = new Drive().tell({ kind: 'roomListLoaded', version: 5n, entries: [entry(garden)] }).tell({ kind: 'start' });
    expect(drive.pass(600).took('open')).toHaveLength(1);
  });
});

describe('a stream that ends', () => {
  it('is opened anew after a random part of a wait that doubles up to ten seconds', () => {
    expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => backoff(attempt, 1))).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(backoff(3, 0.25)).toBe(1_000);
  });

  it('waits longer with each attempt that fails', () => {
    const drive = new Drive().live().pass(10_000);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: unavailable });
      const from = drive.now;
      const { link } = drive.state;
      waits.push(link.phase === 'waiting' ? link.retryAt - from : -1);
      drive.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
  });

  it('does not hear a late word of the stream before', () => {
    const drive = new Drive().live(10);
    const late = drive.state.generation;
    drive.tell({ kind: 'streamEnded', generation: late, problem: null }).pass(1_000);
    drive.take();
    drive.tell({ kind: 'item', generation: late, item: { kind: 'roomEvent', event: event(11) } });
    expect(drive.applied()).toEqual([]);
  });

  it('asks for a new token where the server refuses the old one', () => {
    const drive = new Drive().live();
    drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: { ...unavailable, code: 'unauthenticated' } });
    expect(drive.took('renewSession')).toHaveLength(1);
  });

  it('is opened at once after the gateway says that it goes away', () => {
    const drive = new Drive().live().pass(3_000);
    drive.take();
    expect(drive.item({ kind: 'closing', reason: 'goingAway' }).took('open')).toHaveLength(1);
  });

  it('is not opened at once a second time within a second', () => {
    const drive = new Drive().live().pass(3_000).item({ kind: 'closing', reason: 'goingAway' }).welcome();
    drive.take();
    expect(drive.item({ kind: 'closing', reason: 'goingAway' }).took('open')).toHaveLength(0);
    expect(drive.pass(1_100).took('open')).toHaveLength(1);
  });

  it('stays closed when the session is over', () => {
    const drive = new Drive().live().item({ kind: 'closing', reason: 'sessionEnded' });
    expect(drive.take().map((effect) => effect.kind)).toEqual(['close', 'sessionEnded']);
    expect(drive.pass(60_000).took('open')).toHaveLength(0);
  });
});

describe('a stream that falls silent', () => {
  it('is taken for dead after the limit that it named', () => {
    const drive = new Drive().live().pass(20_000).item({ kind: 'heartbeat', heads: [], serverTime: null, userStateVersion: 5n });
    expect(drive.pass(29_000).took('open')).toHaveLength(0);
    expect(drive.pass(2_000).took('open')).toHaveLength(1);
  });

  it('has failed when it does not even begin', () => {
    const drive = new Drive().live();
    drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: null }).pass(600);
    drive.take();
    drive.pass(10_000);
    expect(drive.state.link.phase).toBe('waiting');
    expect(drive.took('close')).toHaveLength(1);
  });
});

describe('the banner', () => {
  const broken = () => {
    const drive = new Drive().live().pass(10_000);
    drive.take();
    return drive.tell({ kind: 'streamEnded', generation: drive.state.generation, problem: unavailable });
  };

  it('says nothing of a break of under two seconds', () => {
    const drive = broken().pass(600).welcome().pass(10_000);
    expect(drive.news()).toEqual([]);
  });

  it('tells of a longer one, and of its end', () => {
    const drive = broken().pass(2_100);
    expect(drive.news()).toEqual([{ kind: 'link', status: 'reconnecting' }]);
    while (drive.state.link.phase !== 'opening') drive.pass(500);
    drive.take();
    expect(drive.welcome().news()).toEqual([{ kind: 'link', status: 'quiet' }]);
  });

  it('says offline where the browser is', () => {
    const drive = broken().tell({ kind: 'online', isOnline: false }).pass(2_100);
    expect(drive.news()).toEqual([{ kind: 'link', status: 'offline' }]);
  });

  it('is tried at once when the browser is back online', () => {
    const drive = broken();
    for (let attempt = 0; attempt < 5; attempt += 1) drive.pass(10_000).tell({ kind: 'streamEnded', generation: drive.state.generation, problem: unavailable });
    drive.take();
    expect(drive.tell({ kind: 'online', isOnline: true }).took('open')).toHaveLength(1);
  });
});
