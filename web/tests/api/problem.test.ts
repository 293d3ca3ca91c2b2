import { Code, ConnectError } from '@connectrpc/connect';
import { create } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { expireTimeHere } from '../../src/api/access';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../src/api/gen/google/rpc/error_details_pb';
import { toProblem } from '../../src/api/problem';
import { newTraceparent } from '../../src/api/traceparent';
import { fieldViolations, wordProblem } from '../../src/text/problems';
import { words } from '../../src/words';

const handleTaken = new ConnectError('handle taken', Code.AlreadyExists, undefined, [
  { desc: ErrorInfoSchema, value: { reason: 'HANDLE_TAKEN', domain: 'loquat.users.v1' } },
  { desc: BadRequestSchema, value: { fieldViolations: [{ field: 'handle', description: 'choose another handle' }] } },
]);

describe('a failed call', () => {
  it('tells reason and fields', () => {
    const problem = toProblem(handleTaken);
    expect(problem).toMatchObject({ code: 'alreadyExists', reason: 'HANDLE_TAKEN' });
    expect(fieldViolations(problem)).toEqual([{ field: 'handle', description: '', reason: 'HANDLE_TAKEN' }]);
  });

  it('lands on the field also where only the reason came', () => {
    const problem = { ...toProblem(handleTaken), violations: [] };
    expect(fieldViolations(problem).map((violation) => violation.field)).toEqual(['handle']);
  });

  it('tells how long to wait', () => {
    const busy = new ConnectError('busy', Code.ResourceExhausted, undefined, [
      { desc: RetryInfoSchema, value: { retryDelay: create(DurationSchema, { seconds: 2n, nanos: 500_000_000 }) } },
    ]);
    expect(toProblem(busy).retryAfterMs).toBe(2_500);
  });

  it.each([
    [new TypeError('Failed to fetch'), 'unavailable'],
    [ConnectError.from('missing trailer'), 'unavailable'],
    [new ConnectError('', Code.Unavailable), 'unavailable'],
    [new ConnectError('', Code.DeadlineExceeded), 'deadlineExceeded'],
    [new ConnectError('', Code.DataLoss), 'internal'],
    [new Error('a fault of ours'), 'internal'],
  ])('is of a class that the page can act on: %s', (error, code) => {
    expect(toProblem(error).code).toBe(code);
  });

  it('never shows what the server wrote for developers', () => {
    expect(wordProblem(toProblem(new ConnectError('pq: deadlock detected', Code.Internal)))).toBe(words.problems.internal);
  });
});

describe('an access token', () => {
  const token = `h.${btoa(JSON.stringify({ iat: 1_000, exp: 1_300 }))}.s`;

  it('ends by this clock, however wrong that is', () => {
    expect(expireTimeHere(token, 1_300_000, 9_000_000)).toBe(9_300_000);
  });

  it('ends when the server says where it does not tell its life', () => {
    expect(expireTimeHere('opaque', 1_300_000, 9_000_000)).toBe(1_300_000);
  });
});

it('each call begins a trace of its own, in the form of W3C', () => {
  const traces = new Set(Array.from({ length: 50 }, newTraceparent));
  expect(traces.size).toBe(50);
  for (const trace of traces) expect(trace).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
});
