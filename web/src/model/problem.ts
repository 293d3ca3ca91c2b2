/** The class of a failure, as gRPC has it, in words. */
export type ProblemCode =
  | 'canceled'
  | 'invalidArgument'
  | 'deadlineExceeded'
  | 'notFound'
  | 'alreadyExists'
  | 'permissionDenied'
  | 'resourceExhausted'
  | 'failedPrecondition'
  | 'unavailable'
  | 'unauthenticated'
  | 'internal';

/** A field that the server refuses. */
export type FieldViolation = {
  /** The name in the contract, such as `handle`. */
  readonly field: string;
  readonly description: string;
  /** The reason for it, such as `string.min_len` or `HANDLE_TAKEN`; may be empty. */
  readonly reason: string;
};

/** A failed call, as plain data that crosses from the worker to the page. */
export type Problem = {
  readonly code: ProblemCode;
  /** The contract's reason, such as `HANDLE_TAKEN`; empty where none came. */
  readonly reason: string;
  readonly violations: readonly FieldViolation[];
  /** How long the server asks to wait, in milliseconds, or null. */
  readonly retryAfterMs: number | null;
};

/** A problem on its way up as an exception. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.reason === '' ? problem.code : `${problem.code}: ${problem.reason}`);
    this.name = 'ProblemError';
  }
}

/** Whether the outcome of the call is unknown and the same call may be made again. */
export function isTransient(problem: Problem): boolean {
  return problem.code === 'unavailable' || problem.code === 'deadlineExceeded' || problem.code === 'canceled';
}

/** What an exception says, where it is a problem; else an internal one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return { code: 'internal', reason: '', violations: [], retryAfterMs: null };
}
