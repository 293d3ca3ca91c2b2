// Sample data for pictures of the page: `vite build --mode fixture`. Never part of a production bundle.
import { Availability } from '../gen/loquat/presence/v1/presence_service_pb';
import { RoomKind } from '../gen/loquat/rooms/v1/room_pb';
import type { HostSettings } from '../../worker/host';
import { realClock } from '../../worker/clock';
import { FakeServer } from './server';
import { World } from './world';

/** What a script that takes pictures may do from the other side. */
type Stage = {
  readonly say: (handle: string, text: string, room?: string) => void;
  readonly type: (handle: string, isTyping: boolean) => void;
  /** Refuses all calls and cuts the stream, or lets them through again. */
  readonly away: (isAway: boolean) => void;
  /** Leaves sends without an answer, or fails them. */
  readonly sends: (how: 'answer' | 'wait' | 'fail') => void;
  readonly slow: (isSlow: boolean) => void;
  /** Puts somebody out of the lobby. */
  readonly putOut: (handle: string, by: string) => void;
};

declare global {
  interface Window {
    loquatStage?: Stage;
  }
}

function build(): FakeServer {
  const start = new Date();
  start.setHours(9, 12, 0, 0);
  const today = Math.min(start.getTime(), Date.now() - 40 * 60_000);
  const day = 24 * 60 * 60_000;
  const world = new World();
  const ada = world.addUser('ada', 'Ada Lindqvist');
  const people = [
    world.addUser('bruno', 'Bruno Okafor'),
    world.addUser('chiyo', 'Chiyo Tanaka'),
    world.addUser('dmitri', 'Dmitri Volkov'),
    world.addUser('elif', 'Elif Şahin'),
    world.addUser('fatou', 'Fatou Diallo'),
    world.addUser('gustav', 'Gustav von Hohenfels-Albrechtsberger'),
    world.addUser('hana', 'Hana'),
  ] as const;
  const [bruno, chiyo, dmitri, elif, fatou, gustav, hana] = people;
  const all = [bruno, ada, chiyo, dmitri, elif, fatou, gustav, hana].map((user) => user.userId);

  const lobby = world.addRoom({ name: 'lobby', topic: 'Come in, say hello, look around' }, all);
  const garden = world.addRoom({ name: 'garden', topic: 'Beds, seeds and the long war on slugs' }, [ada.userId, chiyo.userId, fatou.userId]);
  world.addRoom({ name: 'reading circle', topic: 'October: The Summer Book' }, [ada.userId, elif.userId, hana.userId]);
  world.addRoom({ name: 'house keys', kind: RoomKind.PRIVATE }, [ada.userId, bruno.userId]);
  world.addRoom({ name: 'bread', topic: 'Sourdough and its moods' }, [dmitri.userId, gustav.userId]);
  world.addRoom({ name: 'trains', topic: 'Night trains of Europe, timetables and sandwiches' }, [hana.userId]);
  const direct = world.addRoom({ kind: RoomKind.DIRECT, directUserIds: [ada.userId, chiyo.userId] }, [ada.userId, chiyo.userId]);
  world.addRoom({ kind: RoomKind.DIRECT, directUserIds: [ada.userId, gustav.userId] }, [ada.userId, gustav.userId]);

  for (let index = 0; index < 70; index += 1) {
    const speaker = people[index % people.length] ?? bruno;
    world.say(lobby, speaker.userId, `Note ${index + 1} from the week before.`, '', today - 6 * day + index * 9 * 60_000);
  }
  const said: readonly (readonly [string, number, string])[] = [
    [bruno.userId, -day, 'The kiln is free from Thursday, if anybody wants it.'],
    [elif.userId, -day + 4 * 60_000, 'I would take Thursday evening.'],
    [elif.userId, -day + 5 * 60_000, 'And Friday, should nobody else be in a hurry.'],
    [chiyo.userId, 0, 'Good morning! The loquats by the south wall are ripe. I put two crates in the kitchen, please take as many as you can carry.'],
    [ada.userId, 2 * 60_000, 'Oh, wonderful. I will bring a basket after lunch.'],
    [ada.userId, 2.5 * 60_000, 'Does anybody have the recipe for the jam from last year?'],
    [fatou.userId, 6 * 60_000, 'I do.\n\nOne kilo of fruit, stoned and halved\nSeven hundred grams of sugar\nTwo lemons, peel and juice\n\nLeave it overnight, then boil it for forty minutes. It sets late; do not lose heart.'],
    [ada.userId, 9 * 60_000, 'You are a treasure. I never lost heart, only a saucepan.'],
    [dmitri.userId, 17 * 60_000, 'Saving a jar for the winter: https://example.org/a/very/long/address/that/has/to/break/somewhere/because/it/does/not/fit/on/one/line/of/a/phone'],
    [gustav.userId, 18 * 60_000, 'Bis gleich am Herd! مرحبا بالجميع'],
  ];
  const ids = said.map(([userId, at, text]) => world.say(lobby, userId, text, '', today + at).message.messageId);
  const [, , friday = '', crates = '', , , recipe = '', saucepan = ''] = ids;
  world.edit(lobby, ada.userId, saucepan, 'You are a treasure. I never lost heart, only two saucepans.');
  for (const { userId } of [ada, bruno, elif, fatou]) world.react(lobby, userId, crates, '❤️');
  for (const { userId } of [bruno, dmitri]) world.react(lobby, userId, crates, '😋');
  world.react(lobby, hana.userId, recipe, '🙏');
  world.erase(lobby, elif.userId, friday);
  world.say(direct, chiyo.userId, 'Shall we walk over together?', '', today + 20 * 60_000);
  world.say(garden, fatou.userId, 'First frost on Sunday, they say.', '', today + 20 * 60_000);

  world.setPresence(ada.userId, Availability.ONLINE, '');
  world.setPresence(bruno.userId, Availability.ONLINE, 'At the kiln until four');
  world.setPresence(chiyo.userId, Availability.ONLINE);
  world.setPresence(dmitri.userId, Availability.AWAY, 'Back after the dishes');
  world.setPresence(elif.userId, Availability.DO_NOT_DISTURB, 'Writing');
  return new FakeServer(world);
}

export function fixtureSettings(): HostSettings {
  const server = build();
  const { world } = server;
  const query = new URLSearchParams(location.search);
  const byHandle = (handle: string) => [...world.accounts.values()].find(({ user }) => user.handle === handle)?.user.userId ?? '';
  const lobby = [...world.places.values()].find(({ room }) => room.name === 'lobby');
  if (query.get('as') !== null) server.cookieUserId = byHandle(query.get('as') ?? '');

  let isAway = query.has('away');
  let sends: Parameters<Stage['sends']>[0] = 'answer';
  let isSlow = query.has('slow');
  server.before = async (method) => {
    if (isSlow && method === 'ListMessages') await new Promise<never>(() => undefined);
    if (isAway) throw new TypeError('Failed to fetch');
    if (method !== 'SendMessage') return;
    if (sends === 'wait') await new Promise<never>(() => undefined);
    if (sends === 'fail') throw new TypeError('Failed to fetch');
  };
  if (lobby !== undefined) {
    window.loquatStage = {
      say: (handle, text, room = 'lobby') => {
        const place = [...world.places.values()].find((other) => other.room.name === room);
        if (place !== undefined) world.say(place, byHandle(handle), text);
      },
      type: (handle, isTyping) => world.setTyping(lobby, byHandle(handle), isTyping),
      away: (next) => {
        isAway = next;
        if (next) server.cutStreams();
      },
      sends: (how) => (sends = how),
      slow: (next) => (isSlow = next),
      putOut: (handle, by) => world.leave(lobby, byHandle(handle), byHandle(by)),
    };
  }
  return { transport: (token) => server.transport(token), clock: realClock };
}
