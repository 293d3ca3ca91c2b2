import { describe, expect, it } from 'vitest';
import { hueOf } from '../../src/parts/avatar-hue';
import { parseRoute, paths } from '../../src/state/paths';
import { deviceName } from '../../src/state/device';
import { newRequestId } from '../../src/state/request-id';
import { countCharacters, initials } from '../../src/text/characters';

describe('a name’s initials', () => {
  it.each([
    ['Ada Lindqvist', 'AL'],
    ['ada', 'A'],
    ['Gustav von Hohenfels', 'GH'],
    ['  (Bruno)  Okafor ', 'BO'],
    ['李 小龍', '李小'],
    ['🍊', '🍊'],
    ['', ''],
  ])('of %j are %j', (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});

it('characters are counted as the contract counts them, by code points', () => {
  expect(countCharacters('a🍊')).toBe(2);
});

it('hues of ids that differ little are spread out', () => {
  const hues = Array.from({ length: 36 }, (_, index) => hueOf(`00000001-0000-4000-8000-${index.toString().padStart(12, '0')}`));
  expect(new Set(hues.map((hue) => Math.floor(hue / 60))).size).toBe(6);
});

it('an address and its route are two forms of one thing', () => {
  expect(parseRoute(paths.room('a b'))).toEqual({ name: 'room', roomId: 'a b', showsPeople: false });
  expect(parseRoute(paths.people('r'))).toEqual({ name: 'room', roomId: 'r', showsPeople: true });
  expect(parseRoute(paths.rooms)).toEqual({ name: 'rooms' });
  expect(parseRoute(paths.signIn)).toEqual({ name: 'signIn' });
  expect(parseRoute('')).toEqual({ name: 'start' });
  expect(parseRoute('#/nowhere/at/all')).toEqual({ name: 'start' });
});

it('a request id is of the form that the contract asks for', () => {
  expect(newRequestId()).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
});

it('a device is named by browser and system', () => {
  expect(deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox on Linux');
  expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604')).toBe('Safari on iPhone');
  expect(deviceName('curl')).toBe('A browser');
});
