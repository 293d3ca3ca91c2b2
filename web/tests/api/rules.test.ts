import { describe, expect, it } from 'vitest';
import { checkMessage, checkNewRoom, checkRegistration } from '../../src/api/rules';
import { isSendable, maxMessageCharacters } from '../../src/text/characters';
import { wordViolations } from '../../src/text/violations';
import { words } from '../../src/words';

const good = { displayName: 'Ada', handle: 'ada', password: 'a quiet room' };
const { rules } = words;

function messagesFor(change: Partial<typeof good>): Readonly<Record<string, string>> {
  const form = { ...good, ...change };
  return wordViolations(checkRegistration(form), { display_name: form.displayName, handle: form.handle, password: form.password });
}

describe('the contract’s rules for registering', () => {
  it('accept what they should', () => {
    expect(messagesFor({})).toEqual({});
    expect(messagesFor({ handle: 'a.b-c_9', displayName: '李 小龍', password: '⚓'.repeat(12) })).toEqual({});
  });

  it.each([
    ['', rules.handleEmpty],
    ['a', rules.handleShort],
    ['Ada', rules.handleUpper],
    ['ada lovelace', rules.handleSpace],
    ['ada!', rules.handleCharacter('!')],
    ['ädä', rules.handleCharacter('ä')],
    ['-ada', rules.handleEdges],
    ['ada.', rules.handleEdges],
    ['a'.repeat(35), rules.handleLong(3)],
  ])('say of the handle %j what is wrong', (handle, message) => {
    expect(messagesFor({ handle })).toEqual({ handle: message });
  });

  it.each(['مریم\u200cالسادات', 'שרה לוי', '李小龍', '👩\u200d🚀', '❤\ufe0f', '\u3000村'])('accept the name %j', (displayName) => {
    expect(messagesFor({ displayName })).toEqual({});
  });

  it.each([
    ['', rules.displayNameEmpty],
    ['   ', rules.displayNameBlank],
    ['\u200b', rules.displayNameBlank],
    ['\u3000\u2060', rules.displayNameBlank],
    ['\ufe0f', rules.displayNameBlank],
    ['A\u200eda', rules.displayNameTurns],
    ['Ada\u202enimda', rules.displayNameTurns],
    ['\u200f', rules.displayNameTurns],
    ['Ada\u0007', rules.displayNameControl],
    ['Ada\u200e\u0007', rules.displayNameControl],
    ['x'.repeat(65), rules.displayNameLong(1)],
  ])('say of the name %j what is wrong', (displayName, message) => {
    expect(messagesFor({ displayName })).toEqual({ display_name: message });
  });

  it.each([
    ['', rules.passwordEmpty],
    ['short', rules.passwordShort(7)],
    ['⚓'.repeat(11), rules.passwordShort(1)],
    ['x'.repeat(257), rules.passwordLong(1)],
  ])('say of the password %j what is wrong', (password, message) => {
    expect(messagesFor({ password })).toEqual({ password: message });
  });

  it('judge every field at once', () => {
    expect(Object.keys(messagesFor({ displayName: '', handle: '', password: '' })).sort()).toEqual(['display_name', 'handle', 'password']);
  });
});

describe('the contract’s rules for a room', () => {
  it('ask for a name and let the topic be empty', () => {
    expect(checkNewRoom({ name: 'garden', topic: '' })).toEqual([]);
    expect(wordViolations(checkNewRoom({ name: '', topic: 'x'.repeat(251) }), { name: '', topic: 'x'.repeat(251) })).toEqual({
      name: rules.roomNameEmpty,
      topic: rules.topicLong(1),
    });
  });
});

describe('the contract’s rules for a room’s name', () => {
  it.each([
    ['   ', rules.roomNameBlank],
    ['\u200b', rules.roomNameBlank],
    ['\u3164', rules.roomNameBlank],
    ['Hall\u200e', rules.roomNameTurns],
    ['\u2066Hall\u2069', rules.roomNameTurns],
    ['Hall\t', rules.control],
    ['x'.repeat(81), rules.roomNameLong(1)],
  ])('say of the name %j what is wrong', (name, message) => {
    expect(wordViolations(checkNewRoom({ name, topic: '' }), { name, topic: '' })).toEqual({ name: message });
  });

  it.each(['👩\u200d🚀', '❤\ufe0f', 'غرفة', '村'])('accept the name %j', (name) => {
    expect(checkNewRoom({ name, topic: '' })).toEqual([]);
  });
});

describe('the wording of names', () => {
  it('knows the marks that the contract refuses, and no others', () => {
    const refused = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).filter((character) => {
      const name = `a${character}b`;
      return wordViolations(checkNewRoom({ name, topic: '' }), { name, topic: '' })['name'] === rules.roomNameTurns;
    });
    const marks = Array.from('\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069');
    expect(refused).toEqual(marks);
  });
});

describe('the composer’s own check', () => {
  const id = '00000000-0000-4000-8000-000000000000';
  it.each(['', ' \n\t', 'x', '⚓'.repeat(maxMessageCharacters), '⚓'.repeat(maxMessageCharacters + 1), ' x ', '\u00a0'])('agrees with the contract (case %#)', (text) => {
    expect(isSendable(text)).toBe(checkMessage({ roomId: id, requestId: id, text }).length === 0);
  });
});
