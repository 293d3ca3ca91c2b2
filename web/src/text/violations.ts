// What a broken rule means, in plain words. The rules themselves are the contract's; here they are only worded.
import type { FieldViolation } from '../model/problem';
import { words } from '../words';
import { countCharacters } from './characters';

/** Values by the contract's field names. */
export type Values = Readonly<Record<string, string>>;

const { rules } = words;
// eslint-disable-next-line no-control-regex -- the very characters that the contract refuses
const control = /[\x00-\x1f\x7f]/;
const turnsWriting = /\p{Bidi_Control}/u;

function wordHandle(reason: string, value: string): string {
  if (value === '') return rules.handleEmpty;
  if (reason === 'HANDLE_TAKEN') return rules.handleTaken;
  const over = countCharacters(value) - 32;
  if (over > 0) return rules.handleLong(over);
  const stranger = Array.from(value).find((character) => !/[a-z0-9._-]/.test(character));
  if (stranger !== undefined) {
    if (/[A-Z]/.test(stranger)) return rules.handleUpper;
    return /\s/u.test(stranger) ? rules.handleSpace : rules.handleCharacter(stranger);
  }
  return countCharacters(value) < 2 ? rules.handleShort : rules.handleEdges;
}

function wordDisplayName(_: string, value: string): string {
  if (value === '') return rules.displayNameEmpty;
  const over = countCharacters(value) - 64;
  if (over > 0) return rules.displayNameLong(over);
  if (control.test(value)) return rules.displayNameControl;
  return turnsWriting.test(value) ? rules.displayNameTurns : rules.displayNameBlank;
}

function wordPassword(_: string, value: string): string {
  if (value === '') return rules.passwordEmpty;
  const count = countCharacters(value);
  if (count > 256) return rules.passwordLong(count - 256);
  return count < 12 ? rules.passwordShort(12 - count) : rules.unknown;
}

function wordRoomName(_: string, value: string): string {
  if (value === '') return rules.roomNameEmpty;
  const over = countCharacters(value) - 80;
  if (over > 0) return rules.roomNameLong(over);
  if (control.test(value)) return rules.control;
  return turnsWriting.test(value) ? rules.roomNameTurns : rules.roomNameBlank;
}

function wordTopic(_: string, value: string): string {
  const over = countCharacters(value) - 250;
  return over > 0 ? rules.topicLong(over) : rules.control;
}

const wordings: Readonly<Record<string, (reason: string, value: string) => string>> = {
  handle: wordHandle,
  display_name: wordDisplayName,
  password: wordPassword,
  name: wordRoomName,
  topic: wordTopic,
};

/** One message for each field that breaks a rule: the first one that it breaks. */
export function wordViolations(violations: readonly FieldViolation[], values: Values): Readonly<Record<string, string>> {
  const messages: Record<string, string> = {};
  for (const { field, reason } of violations) {
    messages[field] ??= wordings[field]?.(reason, values[field] ?? '') ?? rules.unknown;
  }
  return messages;
}
