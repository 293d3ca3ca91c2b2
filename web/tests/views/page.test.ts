// @vitest-environment happy-dom
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeServer } from '../../src/api/fake/server';
import type { Place } from '../../src/api/fake/world';
import { Role } from '../../src/api/gen/loquat/rooms/v1/room_pb';
import Page from '../../src/views/Page.svelte';
import { words } from '../../src/words';

let server: FakeServer;
let lobby: Place;
let bruno: string;

vi.mock('../../src/api/transport', async (original) => ({
  ...(await original<object>()),
  sameOriginTransport: (token: () => string | null) => server.transport(token),
}));

// A fact is waited for as long as the machine needs.
configure({ asyncUtilTimeout: 15_000 });

beforeEach(() => {
  localStorage.clear();
  location.hash = '';
  server = new FakeServer();
  bruno = server.world.addUser('bruno', 'Bruno Okafor').userId;
  lobby = server.world.addRoom({ name: 'lobby', topic: 'Come in' }, [bruno]);
});
afterEach(cleanup);

const byId = (id: string) => screen.getByTestId(id);
const type = (id: string, value: string) => fireEvent.input(byId(id), { target: { value } });
const noteOf = (id: string) => document.getElementById(byId(id).getAttribute('aria-describedby') ?? '')?.textContent.trim();

async function register(): Promise<void> {
  render(Page);
  await screen.findByTestId('register-form');
  await type('field-display-name', 'Ada Lindqvist');
  await type('field-handle', 'ada');
  await type('field-password', 'a quiet room');
  await waitFor(() => expect(byId('submit-register')).toHaveProperty('disabled', false));
  await fireEvent.submit(byId('register-form'));
}

async function inLobby(): Promise<void> {
  await register();
  await waitFor(() => expect(byId('timeline').dataset['history']).toBe('ready'));
  await waitFor(() => expect([...server.world.listeners][0]?.watched.has(lobby.room.roomId)).toBe(true));
}

const shownMessages = () => screen.queryAllByTestId('message').map((node) => `${node.dataset['state']}: ${within(node).getByTestId('message-text').textContent.trim()}`);

describe('the registration form', () => {
  it('keeps its button disabled and says what is missing', async () => {
    render(Page);
    await screen.findByTestId('register-form');
    expect(byId('submit-register')).toHaveProperty('disabled', true);
    await waitFor(() => expect(byId('still-missing').textContent).toContain('a display name, a handle, and a password'));
    expect(byId('field-handle').getAttribute('aria-invalid')).toBe('false');
  });

  it('ties to each invalid field its own words while one types', async () => {
    render(Page);
    await screen.findByTestId('register-form');
    await type('field-handle', 'Ada');
    await type('field-password', 'short');
    await waitFor(() => expect(noteOf('field-handle')).toBe(words.rules.handleUpper));
    expect(noteOf('field-password')).toBe(words.rules.passwordShort(7));
    expect(byId('field-handle').getAttribute('aria-invalid')).toBe('true');
    expect(byId('field-display-name').getAttribute('aria-invalid')).toBe('false');
    await type('field-handle', 'ada');
    expect(byId('field-handle').getAttribute('aria-invalid')).toBe('false');
  });

  it('ticks a field beside words that say so, and never beside a rule', async () => {
    render(Page);
    await screen.findByTestId('register-form');
    const ticks = () => document.querySelectorAll('.note.good').length;
    expect(ticks()).toBe(0);
    await type('field-handle', 'ada');
    await waitFor(() => expect(noteOf('field-handle')).toBe(words.rules.fits));
    expect(ticks()).toBe(1);
    await type('field-handle', 'ada_');
    await waitFor(() => expect(noteOf('field-handle')).toBe(words.rules.handleEdges));
    expect(ticks()).toBe(0);
    expect(noteOf('field-display-name')).toBe(words.entrance.displayNameRule);
  });

  it('puts what only the server knows on its field, until that changes', async () => {
    server.world.addUser('ada', 'Another Ada');
    await register();
    await waitFor(() => expect(noteOf('field-handle')).toBe(words.rules.handleTaken));
    expect(byId('submit-register')).toHaveProperty('disabled', true);
    await type('field-handle', 'ada.l');
    expect(byId('submit-register')).toHaveProperty('disabled', false);
  });

  it('is a form that password managers know', async () => {
    render(Page);
    await screen.findByTestId('register-form');
    expect(byId('field-handle').getAttribute('autocomplete')).toBe('username');
    expect(byId('field-password').getAttribute('autocomplete')).toBe('new-password');
    const password = byId('field-password');
    await fireEvent.click(screen.getByRole('button', { name: words.entrance.showPassword }));
    expect(password.getAttribute('type')).toBe('text');
  });
});

describe('signing in', () => {
  it('says that handle and password do not belong together, and never which is wrong', async () => {
    location.hash = '#/sign-in';
    render(Page);
    await screen.findByTestId('sign-in-form');
    await type('field-handle', 'bruno');
    await type('field-password', 'not the password');
    await fireEvent.submit(byId('sign-in-form'));
    await waitFor(() => expect(screen.getByRole('alert').textContent).toContain(words.problems.credentials));
  });
});

describe('the chat', () => {
  it('opens in the lobby, joined, with its people', async () => {
    await inLobby();
    expect(screen.getAllByTestId('room-item').map((node) => node.textContent.trim())).toEqual(['lobby']);
    await waitFor(() => expect(screen.getAllByTestId('person')).toHaveLength(2));
    expect(lobby.members.size).toBe(2);
  });

  it('shows a message at once and once', async () => {
    let answer: () => void = () => undefined;
    await inLobby();
    server.before = (method) => (method === 'SendMessage' ? new Promise((resolve) => (answer = resolve)) : undefined);
    await type('composer', 'hello there');
    await fireEvent.keyDown(byId('composer'), { key: 'Enter' });
    expect(shownMessages()).toEqual(['pending: hello there']);
    expect(byId('composer')).toHaveProperty('value', '');
    await waitFor(() => expect(server.calls.get('SendMessage')).toBe(1));
    answer();
    await waitFor(() => expect(shownMessages()).toEqual(['sent: hello there']));
    await tick();
    expect(screen.getByTestId('message').dataset['seq']).toBe(String(lobby.log.length));
  });

  it('breaks the line with Shift, and leaves an input method its Enter', async () => {
    await inLobby();
    await type('composer', 'half a wo');
    await fireEvent.keyDown(byId('composer'), { key: 'Enter', shiftKey: true });
    await fireEvent.keyDown(byId('composer'), { key: 'Enter', isComposing: true });
    await fireEvent.keyDown(byId('composer'), { key: 'Enter', keyCode: 229 });
    expect(shownMessages()).toEqual([]);
  });

  it('draws text as text', async () => {
    await inLobby();
    server.world.say(lobby, bruno, '<img src=x onerror="alert(1)">\nsecond line\n\nsecond paragraph');
    const message = await screen.findByTestId('message');
    expect(message.querySelector('img')).toBeNull();
    expect(message.querySelectorAll('.text p')).toHaveLength(2);
    expect(message.querySelectorAll('.text br')).toHaveLength(1);
    await waitFor(() => expect(byId('announcer').textContent).toContain('Bruno Okafor: <img'));
  });

  it('offers to try again what was not sent', async () => {
    await inLobby();
    server.before = (method) => {
      if (method === 'SendMessage') throw new TypeError('Failed to fetch');
    };
    await type('composer', 'lost?');
    await fireEvent.keyDown(byId('composer'), { key: 'Enter' });
    await waitFor(() => expect(shownMessages()).toEqual(['failed: lost?']));
    server.before = () => undefined;
    await fireEvent.click(screen.getByRole('button', { name: words.timeline.tryAgain }));
    await waitFor(() => expect(shownMessages()).toEqual(['sent: lost?']));
  });

  it('says who is typing, and stops', async () => {
    await inLobby();
    server.world.setTyping(lobby, bruno, true);
    await waitFor(() => expect(byId('typing-line').textContent.trim()).toBe(words.typing.one('Bruno Okafor')));
    server.world.say(lobby, bruno, 'done');
    await waitFor(() => expect(byId('typing-line').textContent.trim()).toBe(''));
  });

  it('marks a room in which something was said', async () => {
    const garden = server.world.addRoom({ name: 'garden' }, [bruno]);
    await inLobby();
    server.world.join(garden, [...server.world.accounts.keys()].at(-1) ?? '');
    await waitFor(() => expect(screen.getAllByTestId('room-item')).toHaveLength(2));
    await waitFor(() => expect([...server.world.listeners][0]?.watched.has(garden.room.roomId)).toBe(true));
    server.world.say(garden, bruno, 'over here');
    await waitFor(() => expect(screen.getAllByTestId('room-item').map((node) => node.dataset['news'])).toEqual(['true', 'false']));
  });

  it('shows what became of a message: edited, reacted to, deleted', async () => {
    await inLobby();
    const ada = [...server.world.accounts.keys()].at(-1) ?? '';
    const { messageId } = server.world.say(lobby, bruno, 'first words').message;
    const other = server.world.say(lobby, bruno, 'to be gone').message.messageId;
    await waitFor(() => expect(shownMessages()).toEqual(['sent: first words', 'sent: to be gone']));
    server.world.edit(lobby, bruno, messageId, 'second words');
    server.world.react(lobby, bruno, messageId, '👍');
    server.world.react(lobby, ada, messageId, '👍');
    server.world.react(lobby, ada, messageId, '🥝');
    server.world.erase(lobby, bruno, other);
    const expected = ['sent: second words', `sent: ${words.timeline.deleted}`];
    await waitFor(() => expect(shownMessages()).toEqual(expected));
    const chips = () => screen.queryAllByTestId('reaction').map((node) => node.textContent.replace(/\s+/g, ' ').trim());
    expect(chips()).toEqual(['👍 2 2 people, you among them', '🥝 1 1 person, you among them']);
    expect(screen.getByTestId('edited').textContent).toBe(words.timeline.edited);
    // The same after the page is read afresh, and what is in it already is not counted twice.
    cleanup();
    render(Page);
    await waitFor(() => expect(shownMessages()).toEqual(expected));
    expect(chips()).toEqual(['👍 2 2 people, you among them', '🥝 1 1 person, you among them']);
    server.world.react(lobby, ada, messageId, '🥝', false);
    await waitFor(() => expect(chips()).toEqual(['👍 2 2 people, you among them']));
  });

  it('closes a room for somebody who was put out, says so, and reads it afresh for one who comes back', async () => {
    await inLobby();
    const ada = [...server.world.accounts.keys()].at(-1) ?? '';
    server.world.say(lobby, bruno, 'before');
    await waitFor(() => expect(shownMessages()).toEqual(['sent: before']));
    server.world.leave(lobby, ada, bruno);
    await screen.findByRole('heading', { name: words.outside.removedTitle('lobby') });
    expect((await screen.findByText(new RegExp('Bruno Okafor ended your membership'))).textContent).toContain(words.outside.backPublic);
    expect(screen.queryByTestId('timeline')).toBeNull();
    server.world.say(lobby, bruno, 'meanwhile');
    await fireEvent.click(await screen.findByRole('button', { name: words.outside.join }));
    await waitFor(() => expect(shownMessages()).toEqual(['sent: before', 'sent: meanwhile']));
  });

  it('sets the account that keeps the first room apart from those who come and go', async () => {
    const keeper = server.world.addUser('loquat', 'Loquat').userId;
    lobby.members.clear();
    lobby.members.set(keeper, Role.OWNER);
    lobby.members.set(bruno, Role.MEMBER);
    await inLobby();
    expect((await screen.findByTestId('keeper')).textContent).toBe(words.people.keeper('Loquat', 'loquat'));
    expect(screen.getAllByTestId('person').map((node) => node.dataset['userId'])).not.toContain(keeper);
  });

  it('signs out to the sign-in screen', async () => {
    await inLobby();
    await fireEvent.click(byId('sign-out'));
    await screen.findByTestId('sign-in-form');
    expect(screen.queryByTestId('timeline')).toBeNull();
    expect(server.cookieUserId).toBeNull();
  });
});
