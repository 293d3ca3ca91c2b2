import { describe, expect, it } from 'vitest';
import type { StreamItem } from '../../src/model/stream';
import { Drive, entry, event, garden, lobby } from './drive';

const gained = (version: bigint, roomId: string): StreamItem => ({ kind: 'userStateChanged', change: { version, change: { kind: 'gained', entry: entry(roomId) } } });
const lost = (version: bigint, roomId: string): StreamItem => ({ kind: 'userStateChanged', change: { version, change: { kind: 'lost', roomId } } });
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
