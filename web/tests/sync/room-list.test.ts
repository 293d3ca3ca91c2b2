import { describe, expect, it } from 'vitest';
import type { StreamItem } from '../../src/model/stream';
import { cursor, Drive, entry, event, garden, lobby } from './drive';

const gained = (version: bigint, roomId: string): StreamItem => ({ kind: 'userStateChanged', change: { version, change: { kind: 'gained', entry: entry(roomId) } } });
const lost = (version: bigint, roomId: string): StreamItem => ({ kind: 'userStateChanged', change: { version, change: { kind: 'lost', roomId } } });
const heartbeat = (userStateVersion: bigint): StreamItem => ({ kind: 'heartbeat', heads: [], serverTime: null, userStateVersion });
const listed = (drive: Drive) => [...drive.state.roomList.entries.keys()];

describe('the list of rooms', () => {
  it('follows each change after its version', () => {
    const drive = new Drive().live().item(gained(6n, 'room-new')).item(lost(7n, garden));
    expect(listed(drive)).toEqual(['room-new', lobby]);
    expect(drive.state.roomList.version).toBe(7n);
  });

  it('ignores a change that it has', () => {
    const drive = new Drive().live().item(lost(5n, lobby));
    expect(listed(drive)).toContain(lobby);
  });

  it('is read afresh after a reset, and applies what came meanwhile on top', () => {
    const drive = new Drive().live().item({ kind: 'resetUserState', version: 20n });
    expect(drive.took('loadRoomList')).toHaveLength(1);
    drive.item(gained(21n, 'room-21')).item(gained(22n, 'room-22'));
    expect(listed(drive)).toEqual([lobby, garden]);
    drive.tell({ kind: 'roomListLoaded', version: 21n, entries: [entry('room-21')] });
    expect(listed(drive)).toEqual(['room-22', 'room-21']);
    expect(drive.state.roomList.version).toBe(22n);
  });

  it('is the one that was read last where it must be read twice', () => {
    const drive = new Drive().live().item({ kind: 'resetUserState', version: 20n }).item({ kind: 'resetUserState', version: 30n });
    expect(drive.took('loadRoomList')).toHaveLength(2);
    drive.item(gained(31n, 'room-31')).tell({ kind: 'roomListLoaded', version: 20n, entries: [entry('room-20')] });
    expect(listed(drive)).toEqual([lobby, garden]);
    drive.tell({ kind: 'roomListLoaded', version: 30n, entries: [entry('room-30')] });
    expect(listed(drive)).toEqual(['room-31', 'room-30']);
    expect(drive.state.roomList.version).toBe(31n);
  });

  it('takes a version of another history, lower than its own, from a reset', () => {
    const drive = new Drive().live().item({ kind: 'resetUserState', version: 2n });
    drive.tell({ kind: 'roomListLoaded', version: 2n, entries: [entry(lobby)] }).item(gained(3n, garden));
    expect(listed(drive)).toEqual([garden, lobby]);
    expect(drive.state.roomList.version).toBe(3n);
  });

  it('is read afresh when it stays behind the version that a heartbeat told', () => {
    const drive = new Drive().live().item(heartbeat(7n));
    expect(drive.pass(1_900).took('loadRoomList')).toHaveLength(0);
    expect(drive.pass(200).took('loadRoomList')).toHaveLength(1);
    drive.item(heartbeat(7n)).pass(5_000);
    expect(drive.took('loadRoomList')).toHaveLength(0);
  });

  it('is left alone where the change comes after the heartbeat, or the heartbeat is old', () => {
    const drive = new Drive().live().item(heartbeat(6n)).item(gained(6n, 'room-new')).item(heartbeat(4n));
    expect(drive.pass(5_000).took('loadRoomList')).toHaveLength(0);
  });

  it('is read afresh with a room whose log was put back, since that told how many are in it', () => {
    const drive = new Drive().live().item({ kind: 'resetRoom', cursor: cursor(4, lobby, 'e2') }).item({ kind: 'resetRoom', cursor: cursor(4, garden, 'e2') });
    expect(drive.took('loadRoomList')).toHaveLength(1);
    drive.tell({ kind: 'roomListLoaded', version: 5n, entries: [entry(lobby), entry(garden)] }).events(event(5, lobby, 'e2'));
    expect(drive.applied()).toEqual([`${lobby} 5`]);
  });

  it('takes a name from the room’s own log', () => {
    const room = { ...entry(lobby).room, name: 'hall' };
    const drive = new Drive().live(10).events({ ...event(11), change: { kind: 'roomUpdated', room } });
    expect(drive.state.roomList.entries.get(lobby)?.room.name).toBe('hall');
  });

  it('watches a room that was gained', () => {
    const drive = new Drive().live().item(gained(6n, 'room-new'));
    const [update] = drive.pass(100).took('updateInterest');
    expect(update?.interest.rooms.map((room) => room.roomId)).toContain('room-new');
  });
});
