import type { User } from './people';

/** Who is signed in, in this browser. */
export type Session =
  /** Asking the server for the session of before; `isAway` once it has not answered. */
  | { readonly status: 'restoring'; readonly isAway: boolean }
  | { readonly status: 'signedOut'; readonly why: 'never' | 'signedOut' | 'ended' }
  | { readonly status: 'signedIn'; readonly user: User };

/** A session's access token; the refresh token is in a cookie that no script reads. */
export type Access = {
  readonly token: string;
  /** Milliseconds since the epoch, by this client's clock. */
  readonly expireTime: number;
};

/** What a sign-in or a refresh answers. */
export type SignedIn = { readonly user: User; readonly access: Access };
