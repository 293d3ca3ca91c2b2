// The page's checks judge the contract's table of inputs, as the servers' and Python's protovalidate do.
import type { DescFile, DescMessage, JsonValue } from '@bufbuild/protobuf';
import { fromJson } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { describe, expect, test } from 'vitest';
import cases from '../../../tests/contract/cases.json?raw';
import { file_loquat_events_v1_event_service } from '../../src/api/gen/loquat/events/v1/event_service_pb';
import { file_loquat_messages_v1_message_service } from '../../src/api/gen/loquat/messages/v1/message_service_pb';
import { file_loquat_presence_v1_presence_service } from '../../src/api/gen/loquat/presence/v1/presence_service_pb';
import { file_loquat_rooms_v1_room_service } from '../../src/api/gen/loquat/rooms/v1/room_service_pb';
import { file_loquat_users_v1_auth_service } from '../../src/api/gen/loquat/users/v1/auth_service_pb';
import { file_loquat_users_v1_user_service } from '../../src/api/gen/loquat/users/v1/user_service_pb';

interface Case {
  name: string;
  with?: Record<string, JsonValue>;
  violations: { field: string; rule: string }[];
}

interface Group {
  message: string;
  valid: Record<string, JsonValue>;
  cases: Case[];
}

const files: DescFile[] = [
  file_loquat_events_v1_event_service,
  file_loquat_messages_v1_message_service,
  file_loquat_presence_v1_presence_service,
  file_loquat_rooms_v1_room_service,
  file_loquat_users_v1_auth_service,
  file_loquat_users_v1_user_service,
];
const messages = new Map<string, DescMessage>(
  files.flatMap((file) => file.messages).map((message) => [message.typeName, message]),
);
const table = JSON.parse(cases) as {
  messages: Group[];
};
const validator = createValidator();

/** Writes out what the table writes short: `$repeat` for a text, `$list` for a list. */
function expand(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(expand);
  if (value === null || typeof value !== 'object') return value;
  const times = Number(value['$times'] ?? 0);
  if (typeof value['$repeat'] === 'string') return value['$repeat'].repeat(times);
  const item = value['$list'];
  if (item !== undefined) return Array.from({ length: times }, () => expand(item));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expand(inner)]));
}

function input(group: Group, one: Case): JsonValue {
  const merged = { ...group.valid, ...one.with };
  return expand(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}

function judge(schema: DescMessage, value: JsonValue): string[] {
  const result = validator.validate(schema, fromJson(schema, value));
  if (result.kind === 'error') throw result.error;
  if (result.kind === 'valid') return [];
  return result.violations.map(({ field, ruleId }) => `${pathToString(field)}: ${ruleId}`).sort();
}

const known = table.messages.filter((group) => messages.has(group.message));

test('the page knows the requests that people make', () => {
  expect(known.length).toBeGreaterThanOrEqual(20);
});

describe.each(known)('$message', (group) => {
  test.each(group.cases)('$name', (one) => {
    const schema = messages.get(group.message);
    if (!schema) throw new Error(`${group.message} is not among the page's messages`);
    expect(judge(schema, input(group, one))).toEqual(one.violations.map(({ field, rule }) => `${field}: ${rule}`).sort());
  });
});
