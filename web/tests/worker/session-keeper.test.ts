import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/api/client';
import type { Api } from '../../src/api/client';
import { FakeServer } from '../../src/api/fake/server';
import { World } from '../../src/api/fake/world';
import type { Session } from '../../src/model/session';
import { SessionKeeper } from '../../src/worker/session-keeper';
import { HandClock, settle } from './hand-clock';

function house() {
  const clock = new HandClock();
  const server = new FakeServer(new World(() => clock.now()));
  const ada = server.world.addUser('ada', 'Ada');
  const sessions: Session[] = [];
  const keeper: SessionKeeper = new SessionKeeper(
    () => api,
    clock,
    (session) => sessions.push(session),
  );
  const api: Api = createApi(server.transport(() => keeper.token()));
  const signIn = async () => keeper.begin(await api.signIn({ handle: 'ada', password: 'correct horse battery', deviceName: '' }));
  const calls = (method: string) => server.calls.get(method) ?? 0;
  return { clock, server, ada, sessions, keeper, api, signIn, calls };
}

describe('restoring', () => {
  it('takes up the session that the cookie has', async () => {
    const { server, ada, keeper } = house();
    server.cookieUserId = ada.userId;
    await keeper.restore();
    expect(keeper.session).toMatchObject({ status: 'signedIn', user: { handle: 'ada' } });
  });

  it('says that nobody is signed in where there is none', async () => {
    const { keeper } = house();
    await keeper.restore();
    expect(keeper.session).toEqual({ status: 'signedOut', why: 'never' });
  });

  it('waits for a server that is away, and says so', async () => {
    const { server, ada, keeper, clock, sessions } = house();
    server.cookieUserId = ada.userId;
    server.before = () => {
      throw new TypeError('Failed to fetch');
    };
    void keeper.restore();
    await clock.pass(3_000);
    expect(sessions.at(-1)).toEqual({ status: 'restoring', isAway: true });
    server.before = () => undefined;
    await clock.pass(10_000);
    expect(keeper.session.status).toBe('signedIn');
  });
});

describe('a session', () => {
  it('is refreshed half a minute before the token ends', async () => {
    const { signIn, clock, calls } = house();
    await signIn();
    await clock.pass(4.4 * 60_000);
    expect(calls('Refresh')).toBe(0);
    await clock.pass(0.2 * 60_000);
    expect(calls('Refresh')).toBe(1);
    await clock.pass(4.6 * 60_000);
    expect(calls('Refresh')).toBe(2);
  });

  it('is refreshed once for several calls that are refused at the same time, and they are made again', async () => {
    const { signIn, server, keeper, api, calls } = house();
    await signIn();
    server.expireTokens();
    const answers = await Promise.all([1, 2, 3].map(() => keeper.authorized(() => api.searchUsers('a'))));
    expect(answers.map((page) => page.items.length)).toEqual([1, 1, 1]);
    expect(calls('Refresh')).toBe(1);
  });

  it('is over when the refresh token is refused too', async () => {
    const { signIn, server, keeper, api, sessions } = house();
    await signIn();
    server.expireTokens();
    server.cookieUserId = null;
    await expect(keeper.authorized(() => api.searchUsers('a'))).rejects.toThrow();
    expect(sessions.at(-1)).toEqual({ status: 'signedOut', why: 'ended' });
    expect(keeper.token()).toBeNull();
  });

  it('outlives a server that is away when the token is due', async () => {
    const { signIn, server, keeper, clock } = house();
    await signIn();
    server.before = () => {
      throw new TypeError('Failed to fetch');
    };
    await clock.pass(4.6 * 60_000);
    expect(keeper.session.status).toBe('signedIn');
    server.before = () => undefined;
    await clock.pass(20_000);
    await settle();
    const before = keeper.token();
    await clock.pass(4.6 * 60_000);
    expect(keeper.token()).not.toBe(before);
  });
});
