import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { traced } from './traceparent';

export type { Transport } from '@connectrpc/connect';

/** After how long a call without an answer is given up, in milliseconds. Streams have no such end. */
export const callDeadlineMs = 10_000;

/** Sends the access token that `token` answers with every call for which there is one. */
export function bearer(token: () => string | null): Interceptor {
  return (next) => (request) => {
    const held = token();
    if (held !== null) request.header.set('authorization', `Bearer ${held}`);
    return next(request);
  };
}

/** Speaks grpc-web with the server that the page came from. The cookie of the refresh token goes along by itself. */
export function sameOriginTransport(token: () => string | null): Transport {
  return createGrpcWebTransport({
    baseUrl: self.location.origin,
    defaultTimeoutMs: callDeadlineMs,
    interceptors: [traced, bearer(token)],
  });
}
