/** The claims of a token that tell how long it lives, in seconds. */
type Lifetime = { readonly iat: number; readonly exp: number };

function isLifetime(claims: unknown): claims is Lifetime {
  if (typeof claims !== 'object' || claims === null) return false;
  return 'iat' in claims && 'exp' in claims && typeof claims.iat === 'number' && typeof claims.exp === 'number' && claims.exp > claims.iat;
}

function claimsOf(token: string): unknown {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  try {
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return null;
  }
}

/**
 * When an access token that just came ends, by this client's clock. The server names the end by its own, and a person's
 * clock may be minutes off, so the token's life is counted from now; where the token does not say, the server's time stands.
 */
export function expireTimeHere(token: string, expireTime: number, now: number): number {
  const claims = claimsOf(token);
  return isLifetime(claims) ? now + (claims.exp - claims.iat) * 1000 : expireTime;
}
