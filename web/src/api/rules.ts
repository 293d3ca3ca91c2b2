// The contract's own `buf.validate` rules, for forms. This module brings a CEL engine along: import it only dynamically,
// where a form needs it.
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import type { FieldViolation } from '../model/problem';
import { CreateRoomRequestSchema } from './gen/loquat/rooms/v1/room_service_pb';
import { RoomKind } from './gen/loquat/rooms/v1/room_pb';
import { SendMessageRequestSchema } from './gen/loquat/messages/v1/message_service_pb';
import { RegisterRequestSchema } from './gen/loquat/users/v1/auth_service_pb';

const validator = createValidator();

/** What breaks a rule, by the contract's field names and rule ids. A rule that cannot be read is a fault of ours: it throws. */
function violationsOf<Desc extends DescMessage>(schema: Desc, values: MessageInitShape<Desc>): FieldViolation[] {
  const result = validator.validate(schema, create(schema, values));
  if (result.kind === 'error') throw result.error;
  if (result.kind === 'valid') return [];
  return result.violations.map(({ field, message, ruleId }) => {
    const [first] = field;
    return { field: first?.kind === 'field' ? first.name : '', description: message, reason: ruleId };
  });
}

export function checkRegistration(form: { handle: string; displayName: string; password: string }): FieldViolation[] {
  return violationsOf(RegisterRequestSchema, form);
}

export function checkNewRoom(form: { name: string; topic: string }): FieldViolation[] {
  return violationsOf(CreateRoomRequestSchema, { ...form, kind: RoomKind.PUBLIC, requestId: 'not-sent-yet' });
}

export function checkMessage(message: { roomId: string; requestId: string; text: string }): FieldViolation[] {
  return violationsOf(SendMessageRequestSchema, message);
}
