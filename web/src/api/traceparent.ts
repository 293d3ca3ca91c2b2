import type { Interceptor } from '@connectrpc/connect';

/** Some random bytes in hexadecimal, never all zero. */
function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  random[0] = (random[0] ?? 0) | 1;
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A W3C `traceparent` that begins a sampled trace (https://www.w3.org/TR/trace-context/). */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

/** Begins a trace with each call, so that one trace runs from this page to the other person's. */
export const traced: Interceptor = (next) => (request) => {
  request.header.set('traceparent', newTraceparent());
  return next(request);
};
