import type { Problem } from '../model/problem';
import { words } from '../words';

const { problems } = words;

const byReason: Readonly<Record<string, string>> = {
  CREDENTIALS_WRONG: problems.credentials,
  TOO_MANY_SIGN_INS: problems.tooManySignIns,
  ROOM_NOT_FOUND: problems.roomNotFound,
  REQUEST_ID_REUSED: problems.requestIdReused,
  ROOM_IS_DIRECT: problems.roomIsDirect,
  CHANGE_PENDING: problems.changePending,
};

/** What happened, what is safe and what to do, in one or two sentences. */
export function wordProblem(problem: Problem): string {
  const known = byReason[problem.reason];
  if (known !== undefined) return known;
  switch (problem.code) {
    case 'unavailable':
    case 'canceled':
      return problems.unavailable;
    case 'deadlineExceeded':
      return problems.deadlineExceeded;
    case 'resourceExhausted':
      return problems.resourceExhausted;
    case 'permissionDenied':
      return problems.permissionDenied;
    case 'notFound':
      return problems.notFound;
    case 'invalidArgument':
      return words.rules.unknown;
    case 'alreadyExists':
    case 'failedPrecondition':
    case 'unauthenticated':
    case 'internal':
      return problems.internal;
  }
}

/**
 * What the server refuses, on the fields it belongs to. A reason of the whole call, such as HANDLE_TAKEN, stands for a
 * violation that has none of its own.
 */
export function fieldViolations(problem: Problem): Problem['violations'] {
  const { violations, reason } = problem;
  if (reason === 'HANDLE_TAKEN') return [{ field: 'handle', description: '', reason }];
  return violations.map((violation) => (violation.reason === '' ? { ...violation, reason } : violation));
}
