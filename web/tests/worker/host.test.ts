import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../src/api/fake/server';
import type { Place } from '../../src/api/fake/world';
import { World } from '../../src/api/fake/world';
import { Availability } from '../../src/api/gen/loquat/presence/v1/presence_service_pb';
import type { Snapshot, ToTab } from '../../src/worker/protocol';
import { HostLink } from '../../src/worker/connect';
import { Host } from '../../src/worker/host';
import type { TabPort } from '../../src/worker/tabs';
import { HandClock, settle } from './hand-clock';

type Told = Extract<ToTab, { kind: 'session' | 'news' }>;

class House {
  readonly clock = new HandClock();
  readonly server = new FakeServer(new World(() => this.clock.now()));
  readonly ada = this.server.world.addUser('ada', 'Ada');
  readonly bruno = this.server.world.addUser('bruno', 'Bruno');
  readonly lobby: Place = this.server.world.addRoom({ name: 'lobby' }, [this.bruno.userId, this.ada.userId]);
  readonly host = new Host({ transport: (token) => this.server.transport(token), clock: this.clock });

  /** A tab of the browser, attached. */
  tab() {
    const told: Told[] = [];
    const snapshots: Snapshot[] = [];
    const link = new HostLink({ attached: (snapshot) => snapshots.push(snapshot), told: (word) => told.push(word) });
    const port: TabPort = { send: (word) => link.receive(structuredClone(word)) };
    this.host.receive(port, { kind: 'attach', lock: '', seen: [] });
    link.open((word) => this.host.receive(port, structuredClone(word)));
    const news = () => told.flatMap((word) => (word.kind === 'news' ? [word.news] : []));
    const messages = () => news().flatMap((each) => (each.kind === 'roomEvent' && each.event.change.kind === 'messageSent' ? [each.event.change.message.text] : []));
    return { link, port, told, snapshots, news, messages };
  }

  async signedIn() {
    this.server.cookieUserId = this.ada.userId;
    const tab = this.tab();
    await settle();
    const history = await tab.link.call('openRoom', this.lobby.room.roomId);
    tab.link.setInterest({ openRooms: [this.lobby.room.roomId], people: [this.bruno.userId] });
    await this.clock.pass(1_000);
    return { ...tab, history };
  }
}

describe('registering', () => {
  it('makes the account, signs in by cookie and brings the rooms', async () => {
    const house = new House();
    const { link, told } = house.tab();
    await settle();
    await expect(link.call('register', { handle: 'chiyo', displayName: 'Chiyo', password: 'a quiet room' }, 'Test')).resolves.toBe('signedIn');
    await house.clock.pass(1_000);
    expect(house.server.cookieUserId).not.toBeNull();
    expect(told).toContainEqual(expect.objectContaining({ kind: 'session', session: expect.objectContaining({ status: 'signedIn' }) as unknown }));
    expect(told).toContainEqual({ kind: 'news', news: { kind: 'roomList', entries: [] } });
  });

  it('says so where only signing in failed', async () => {
    const house = new House();
    const { link } = house.tab();
    await settle();
    house.server.before = (method) => {
      if (method === 'SignIn') throw new TypeError('Failed to fetch');
    };
    await expect(link.call('register', { handle: 'chiyo', displayName: 'Chiyo', password: 'a quiet room' }, 'Test')).resolves.toBe('registered');
  });

  it('passes on which field the server refuses', async () => {
    const house = new House();
    const { link } = house.tab();
    await settle();
    const refused = link.call('register', { handle: 'ada', displayName: 'Ada', password: 'a quiet room' }, 'Test');
    await expect(refused).rejects.toMatchObject({ problem: { code: 'alreadyExists', reason: 'HANDLE_TAKEN', violations: [{ field: 'handle' }] } });
  });
});

describe('all tabs of a browser', () => {
  it('hear each event, over one stream', async () => {
    const house = new House();
    const first = await house.signedIn();
    const second = house.tab();
    await house.clock.pass(500);
    expect(second.snapshots[0]?.session.status).toBe('signedIn');
    expect(second.snapshots[0]?.rooms).toHaveLength(1);
    house.server.world.say(house.lobby, house.bruno.userId, 'hello');
    await settle();
    expect(first.messages()).toEqual(['hello']);
    expect(second.messages()).toEqual(['hello']);
    expect(house.server.world.listeners.size).toBe(1);
  });

  it('are watched for together', async () => {
    const house = new House();
    const { news } = await house.signedIn();
    const second = house.tab();
    second.link.setInterest({ openRooms: [], people: [house.ada.userId] });
    await house.clock.pass(500);
    house.server.world.setPresence(house.bruno.userId, Availability.AWAY, 'tea');
    await settle();
    expect(news()).toContainEqual({ kind: 'presence', presence: { userId: house.bruno.userId, availability: 'away', statusText: 'tea' } });
    house.host.receive(second.port, { kind: 'detach' });
    await house.clock.pass(500);
    expect([...house.server.world.listeners][0]?.people).toEqual(new Set([house.bruno.userId]));
  });

  it('are signed out together', async () => {
    const house = new House();
    const first = await house.signedIn();
    const second = house.tab();
    await first.link.call('signOut');
    await settle();
    expect(second.told.at(-1)).toEqual({ kind: 'session', session: { status: 'signedOut', why: 'signedOut' } });
    expect(house.server.cookieUserId).toBeNull();
    expect(house.server.world.listeners.size).toBe(0);
  });
});

describe('a broken stream', () => {
  it('brings what was said meanwhile, once and in order', async () => {
    const house = new House();
    const { messages } = await house.signedIn();
    const { world } = house.server;
    world.say(house.lobby, house.bruno.userId, 'one');
    await settle();
    house.server.cutStreams();
    world.say(house.lobby, house.bruno.userId, 'two');
    world.say(house.lobby, house.bruno.userId, 'three');
    await house.clock.pass(2_000);
    world.say(house.lobby, house.bruno.userId, 'four');
    await settle();
    expect(messages()).toEqual(['one', 'two', 'three', 'four']);
  });

  it('comes back with a new token where the old one ended', async () => {
    const house = new House();
    const { messages } = await house.signedIn();
    house.server.expireTokens();
    house.server.cutStreams();
    await house.clock.pass(5_000);
    house.server.world.say(house.lobby, house.bruno.userId, 'still here');
    await settle();
    expect(messages()).toEqual(['still here']);
  });

  it('is told of only when it lasts', async () => {
    const house = new House();
    const { news } = await house.signedIn();
    house.server.before = (method) => {
      if (method === 'Subscribe') throw new TypeError('Failed to fetch');
    };
    house.server.cutStreams();
    await house.clock.pass(1_500);
    expect(news().some((each) => each.kind === 'link')).toBe(false);
    await house.clock.pass(1_000);
    expect(news()).toContainEqual({ kind: 'link', status: 'reconnecting' });
    house.server.before = () => undefined;
    await house.clock.pass(12_000);
    expect(news().filter((each) => each.kind === 'link').at(-1)).toEqual({ kind: 'link', status: 'quiet' });
  });
});

describe('rooms', () => {
  it('that one joins are listed and followed at once', async () => {
    const house = new House();
    const garden = house.server.world.addRoom({ name: 'garden' }, [house.bruno.userId]);
    const { link, messages, news } = await house.signedIn();
    await link.call('joinRoom', garden.room.roomId);
    await house.clock.pass(500);
    house.server.world.say(garden, house.bruno.userId, 'welcome');
    await settle();
    expect(messages()).toEqual(['welcome']);
    const lists = news().filter((each) => each.kind === 'roomList');
    expect(lists.at(-1)?.entries.map(({ room }) => room.name).sort()).toEqual(['garden', 'lobby']);
  });

  it('between two people appear for both', async () => {
    const house = new House();
    const { link } = await house.signedIn();
    const { room } = await link.call('openDirectRoom', house.bruno.userId);
    const again = await link.call('openDirectRoom', house.bruno.userId);
    expect(again.room.roomId).toBe(room.roomId);
    expect(room.kind).toBe('direct');
  });
});

describe('somebody who was put out', () => {
  it('hears of it, and of nothing after', async () => {
    const house = new House();
    const { news, messages, link } = await house.signedIn();
    const { world } = house.server;
    world.leave(house.lobby, house.ada.userId, house.bruno.userId);
    world.say(house.lobby, house.bruno.userId, 'now we are alone');
    await house.clock.pass(3_000);
    const { roomId } = house.lobby.room;
    const removal = { kind: 'membershipsChanged', changes: [{ userId: house.ada.userId, isMember: false, role: 'member' }], memberCount: 1 };
    expect(news()).toContainEqual({ kind: 'roomEvent', event: expect.objectContaining({ roomId, actorId: house.bruno.userId, change: removal }) as unknown });
    expect(news()).toContainEqual({ kind: 'roomClosed', roomId, reason: 'removed' });
    expect(news().filter((each) => each.kind === 'roomList').at(-1)?.entries).toEqual([]);
    expect(messages()).toEqual([]);
    await expect(link.call('openRoom', roomId)).rejects.toMatchObject({ problem: { code: 'notFound' } });
  });
});
