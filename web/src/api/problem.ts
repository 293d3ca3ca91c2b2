import { Code, ConnectError } from '@connectrpc/connect';
import type { Duration } from '@bufbuild/protobuf/wkt';
import type { Problem, ProblemCode } from '../model/problem';
import { ProblemError } from '../model/problem';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb';

const codes: Partial<Record<Code, ProblemCode>> = {
  [Code.Canceled]: 'canceled',
  [Code.InvalidArgument]: 'invalidArgument',
  [Code.OutOfRange]: 'invalidArgument',
  [Code.DeadlineExceeded]: 'deadlineExceeded',
  [Code.NotFound]: 'notFound',
  [Code.AlreadyExists]: 'alreadyExists',
  [Code.PermissionDenied]: 'permissionDenied',
  [Code.ResourceExhausted]: 'resourceExhausted',
  [Code.FailedPrecondition]: 'failedPrecondition',
  [Code.Aborted]: 'unavailable',
  [Code.Unavailable]: 'unavailable',
  [Code.Unauthenticated]: 'unauthenticated',
};

export function durationMs(duration: Duration): number {
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/**
 * Whether the connection failed before any answer came. Connect tells a failed `fetch` as `unknown` or `internal` with
 * the browser's TypeError as its cause, and a stream cut off in the middle as missing trailers.
 */
function isConnectionLost(error: ConnectError): boolean {
  if (error.details.length > 0) return false;
  return error.cause instanceof TypeError || /missing (trailer|end)|failed to fetch|network ?error|premature/i.test(error.rawMessage);
}

/** Reads a failed call's status and its `google.rpc` details. */
export function toProblem(error: unknown): Problem {
  const failure = ConnectError.from(error);
  const [info] = failure.findDetails(ErrorInfoSchema);
  const [retry] = failure.findDetails(RetryInfoSchema);
  return {
    code: isConnectionLost(failure) ? 'unavailable' : (codes[failure.code] ?? 'internal'),
    reason: info?.reason ?? '',
    violations: failure
      .findDetails(BadRequestSchema)
      .flatMap((detail) => detail.fieldViolations)
      .map(({ field, description, reason }) => ({ field, description, reason })),
    retryAfterMs: retry?.retryDelay === undefined ? null : durationMs(retry.retryDelay),
  };
}

/** Awaits a call and throws what went wrong as a `ProblemError`. */
export async function answered<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw new ProblemError(toProblem(error));
  }
}
