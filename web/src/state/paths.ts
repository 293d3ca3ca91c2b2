/** Where the page is. It stands in the address behind `#`, so that back and reload work without the server's help. */
export type Route =
  | { readonly name: 'start' }
  | { readonly name: 'register' }
  | { readonly name: 'signIn' }
  | { readonly name: 'rooms' }
  | { readonly name: 'room'; readonly roomId: string; readonly showsPeople: boolean };

/** Addresses are typed by people too: one that is no proper escape stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseRoute(hash: string): Route {
  const [first, second, third] = hash.replace(/^#?\/?/, '').split('/');
  if (first === 'register') return { name: 'register' };
  if (first === 'sign-in') return { name: 'signIn' };
  if (first !== 'rooms') return { name: 'start' };
  if (second === undefined || second === '') return { name: 'rooms' };
  return { name: 'room', roomId: decoded(second), showsPeople: third === 'people' };
}

export const paths = {
  register: '#/register',
  signIn: '#/sign-in',
  rooms: '#/rooms',
  room: (roomId: string) => `#/rooms/${encodeURIComponent(roomId)}`,
  people: (roomId: string) => `#/rooms/${encodeURIComponent(roomId)}/people`,
} as const;
