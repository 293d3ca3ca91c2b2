/** A UUID for `request_id`. Also on plain http, where browsers have no `crypto.randomUUID`. */
export function newRequestId(): string {
  if ('randomUUID' in crypto) return crypto.randomUUID();
  const random = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
