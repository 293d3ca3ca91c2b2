import { describe, expect, it, vi } from 'vitest';
import type { RoomEntry } from '../../src/model/rooms';
import { Rooms } from '../../src/state/rooms.svelte';
import { Seen } from '../../src/state/seen.svelte';
import { HostLink } from '../../src/worker/connect';

vi.stubGlobal('addEventListener', () => undefined);

function entry(roomId: string): RoomEntry {
  return { room: { roomId, kind: 'public', name: roomId, topic: '', createTime: 0, memberCount: 2, directUserIds: [] }, membership: { userId: 'me', role: 'member' } };
}

function rooms(): Rooms {
  return new Rooms(new HostLink({ attached: () => undefined, told: () => undefined }), new Seen(), () => 'me');
}

describe('a room that one is no longer in', () => {
  it('is read afresh when one comes back, whatever the stream said in between', () => {
    const list = rooms();
    list.list([entry('hall'), entry('attic')]);
    const hall = list.open('hall');
    list.list([entry('attic')]);
    expect(list.opened('hall')).toBeNull();
    list.list([entry('hall'), entry('attic')]);
    expect(list.open('hall')).not.toBe(hall);
    expect(list.goneFrom('hall')).toBeNull();
  });

  it('is known as it was, with who put one out, whether that or the list comes first', () => {
    for (const isListFirst of [true, false]) {
      const list = rooms();
      list.list([entry('hall')]);
      if (isListFirst) list.list([]);
      list.noteRemoval('hall', 'ada');
      list.list([]);
      expect(list.goneFrom('hall')).toEqual({ room: entry('hall').room, removedBy: 'ada' });
    }
  });

  it('was not closed by somebody who once did and then let one in again', () => {
    const list = rooms();
    list.list([entry('hall')]);
    list.noteRemoval('hall', 'ada');
    list.noteRemoval('hall', null);
    list.list([]);
    expect(list.goneFrom('hall')?.removedBy).toBeNull();
  });
});
