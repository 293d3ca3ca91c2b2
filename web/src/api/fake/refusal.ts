import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema } from '../gen/google/rpc/error_details_pb';

/** An error as the server makes it: canonical code, `ErrorInfo` and, for fields, `BadRequest`. */
export function refusal(code: Code, reason: string, domain: string, fields: Readonly<Record<string, string>> = {}): ConnectError {
  const fieldViolations = Object.entries(fields).map(([field, description]) => ({ field, description, reason }));
  return new ConnectError(reason.toLowerCase().replaceAll('_', ' '), code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain } },
    ...(fieldViolations.length === 0 ? [] : [{ desc: BadRequestSchema, value: { fieldViolations } }]),
  ]);
}

export const signInAgain = () => refusal(Code.Unauthenticated, 'TOKEN_EXPIRED', 'loquat.rpc');
export const noSuchRoom = () => refusal(Code.NotFound, 'ROOM_NOT_FOUND', 'loquat.rooms.v1');
