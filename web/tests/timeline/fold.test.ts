import { describe, expect, it } from 'vitest';
import { toMessage } from '../../src/api/convert';
import { toStreamItem } from '../../src/api/convert-stream';
import type { Place } from '../../src/api/fake/world';
import { World } from '../../src/api/fake/world';
import { create } from '@bufbuild/protobuf';
import { StreamItemSchema } from '../../src/api/gen/loquat/events/v1/event_service_pb';
import type { History, Message } from '../../src/model/messages';
import type { RoomEvent } from '../../src/model/stream';
import type { Timeline } from '../../src/timeline/history';
import { applied, cutBack, emptyTimeline, newestLoaded, olderLoaded, readBegun, readEnded, received } from '../../src/timeline/history';

const me = 'me';

/** A room whose log the fake server keeps, and which says what a page of it would be. */
class Log {
  readonly world = new World(() => 1_000_000 + this.place.log.length * 1_000);
  readonly place: Place = { room: new World(() => 0).addRoom({ name: 'room' }, [me]).room, members: new Map(), log: [] };

  say(senderId = 'ada', text = 'words'): string {
    return this.world.say(this.place, senderId, text).message.messageId;
  }

  /** The events from one number to another, as a stream says them now. */
  events(from: number, to = this.place.log.length): RoomEvent[] {
    return this.place.log.slice(from - 1, to).map((event) => {
      const item = toStreamItem(create(StreamItemSchema, { kind: { case: 'roomEvent', value: event } }));
      if (item.kind !== 'roomEvent') throw new Error('an event is an event');
      return item.event;
    });
  }

  /** The messages as they are now, as a page says them. */
  page(to = Number.POSITIVE_INFINITY): History {
    const messages = this.world.messagesOf(this.place).map((message) => {
      const reactions = message.reactions.map((reaction) => ({ ...reaction, hasCaller: reaction.userIds.includes(me) }));
      return toMessage({ ...message, reactions });
    });
    const { roomId } = this.place.room;
    return { messages: messages.filter(({ seq }) => seq <= to), olderToken: '', cursor: { roomId, epoch: 'e', seq: this.place.log.length, eventId: '' } };
  }
}

const after = (timeline: Timeline, events: readonly RoomEvent[]) => events.reduce((next, event) => applied(next, event, me), timeline);

/** What is to be seen of the messages. */
const seen = (timeline: Timeline) => timeline.messages.map((message) => ({ ...message, asOfSeq: 0 }));
const shown = (timeline: Timeline): Message => {
  const [message] = timeline.messages;
  if (message === undefined) throw new Error('there is no message');
  return message;
};

describe('an event about a message', () => {
  it('gives it another text, and says that it was edited and when', () => {
    const log = new Log();
    const id = log.say();
    log.world.edit(log.place, 'ada', id, 'other words');
    const message = shown(after(emptyTimeline, log.events(1)));
    expect([message.text, message.editCount, message.editTime]).toEqual(['other words', 1, log.events(2)[0]?.createTime]);
    expect(message.blocks).toEqual([{ kind: 'paragraph', inlines: [{ kind: 'text', text: 'other words' }] }]);
  });

  it('deletes it: nothing of it is left but its place', () => {
    const log = new Log();
    const id = log.say('ada', 'a secret');
    log.world.react(log.place, 'bo', id, '👍');
    log.world.pin(log.place, 'bo', id);
    const live = after(emptyTimeline, log.events(1));
    log.world.erase(log.place, 'ada', id);
    const message = shown(after(live, log.events(4)));
    expect(JSON.stringify(message)).not.toContain('secret');
    expect([message.isDeleted, message.seq, message.senderId, message.isPinned, message.reactions]).toEqual([true, 1, 'ada', false, []]);
  });

  it('counts reactions, in the order in which the first of each came, and knows one’s own', () => {
    const log = new Log();
    const id = log.say();
    for (const [who, emoji, isAdded] of [['bo', '👍', true], [me, '🥝', true], [me, '👍', true], ['bo', '👍', false], ['cy', '🎉', true], ['cy', '🎉', false]] as const) {
      log.world.react(log.place, who, id, emoji, isAdded);
    }
    expect(shown(after(emptyTimeline, log.events(1))).reactions).toEqual([
      { emoji: '👍', count: 1, userIds: [me], hasCaller: true },
      { emoji: '🥝', count: 1, userIds: [me], hasCaller: true },
    ]);
  });

  it('counts beyond those whom it knows by name', () => {
    const log = new Log();
    const id = log.say();
    for (let who = 1; who <= 23; who += 1) log.world.react(log.place, `u${who}`, id, '👍');
    log.world.react(log.place, 'u22', id, '👍', false);
    const [reaction] = shown(after(emptyTimeline, log.events(1))).reactions;
    expect([reaction?.count, reaction?.userIds.length, reaction?.hasCaller]).toEqual([22, 20, false]);
  });

  it('pins it and takes the pin away', () => {
    const log = new Log();
    const id = log.say();
    log.world.pin(log.place, 'bo', id);
    const pinned = after(emptyTimeline, log.events(1));
    expect(shown(pinned).isPinned).toBe(true);
    log.world.pin(log.place, 'bo', id, false);
    expect(shown(after(pinned, log.events(3))).isPinned).toBe(false);
  });

  it('changes nothing where the page had it already', () => {
    const log = new Log();
    const id = log.say();
    log.world.react(log.place, 'bo', id, '👍');
    log.world.edit(log.place, 'ada', id, 'once');
    const page = newestLoaded(emptyTimeline, log.page(), me);
    expect(seen(after(page, log.events(1)))).toEqual(seen(page));
  });

  it('does not take a message back to what it was when it was sent', () => {
    const log = new Log();
    const id = log.say(me);
    const [sent] = log.page().messages;
    log.world.edit(log.place, me, id, 'other words');
    const timeline = after(emptyTimeline, log.events(1));
    expect(sent === undefined ? '' : shown(received(timeline, sent)).text).toBe('other words');
  });

  it('is not lost when the page that it changes was read before it and comes after it', () => {
    const log = new Log();
    const id = log.say();
    const page = log.page();
    log.world.edit(log.place, 'ada', id, 'other words');
    for (const loaded of [newestLoaded, olderLoaded]) {
      const timeline = readEnded(loaded(after(readBegun(emptyTimeline), log.events(2)), page, me));
      expect(shown(timeline).text).toBe('other words');
      expect(timeline.tail).toEqual([]);
    }
  });

  it('stands for a message that was erased before the stream came to it', () => {
    const log = new Log();
    const id = log.say('ada', 'a secret');
    log.world.erase(log.place, 'ada', id);
    const timeline = after(emptyTimeline, log.events(1));
    expect([shown(timeline).isDeleted, shown(timeline).senderId, shown(timeline).messageId]).toEqual([true, 'ada', id]);
    expect(timeline.messages).toHaveLength(1);
  });
});

describe('a log that goes on from an earlier place', () => {
  it('takes with it what was beyond, also before the messages are read afresh', () => {
    const log = new Log();
    for (let count = 0; count < 4; count += 1) log.say();
    const back = cutBack(after(emptyTimeline, log.events(1)), 2);
    expect(back.messages.map(({ seq }) => seq)).toEqual([1, 2]);
    // The same numbers come again and mean something else.
    const other = new Log();
    for (let count = 0; count < 3; count += 1) other.say('bo', 'another life');
    const read = newestLoaded(after(back, other.events(3)), { ...other.page(2), cursor: { roomId: 'room', epoch: 'e2', seq: 2, eventId: '' } }, me);
    expect(read.messages.map(({ text }) => text)).toEqual(['another life', 'another life', 'another life']);
  });
});

describe('whatever happens, and whenever pages are read', () => {
  it('a timeline is what the log says', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = randomOf(seed);
      const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
      const log = new Log();
      let timeline = emptyTimeline;
      let told = 0;
      const asked: History[] = [];
      for (let turn = 0; turn < 60; turn += 1) {
        const roll = random();
        const alive = log.page().messages.filter(({ isDeleted }) => !isDeleted);
        if (roll < 0.2 || alive.length === 0) log.say(pick(['ada', me]));
        else if (roll < 0.3) log.world.edit(log.place, 'ada', pick(alive).messageId, `edit ${turn}`);
        else if (roll < 0.36) log.world.erase(log.place, 'ada', pick(alive).messageId);
        else if (roll < 0.5) {
          const [message, who, emoji] = [pick(alive), pick(['ada', 'bo', me]), pick(['👍', '🥝'])];
          const has = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.userIds.includes(who));
          log.world.react(log.place, who, message.messageId, emoji, !has);
        } else if (roll < 0.55) log.world.pin(log.place, 'bo', pick(alive).messageId, random() < 0.5);
        else if (roll < 0.65 && asked.length < 2) {
          // A page is read now; it comes later.
          asked.push(log.page(random() < 0.5 ? undefined : Math.ceil(random() * log.place.log.length)));
          timeline = readBegun(timeline);
        } else if (roll < 0.75 && asked.length > 0) timeline = readEnded(olderLoaded(timeline, asked.shift() ?? log.page(), me));
        else {
          const next = Math.min(told + Math.ceil(random() * 4), log.place.log.length);
          timeline = after(timeline, log.events(told + 1, next));
          told = next;
        }
      }
      timeline = after(timeline, log.events(told + 1));
      for (const page of asked) timeline = readEnded(olderLoaded(timeline, page, me));
      expect(seen(timeline), `seed ${seed}`).toEqual(seen(newestLoaded(emptyTimeline, log.page(), me)));
    }
  });
});

/** Numbers between 0 and 1 that come again (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
