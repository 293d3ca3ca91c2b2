import type { Route } from './paths';
import { parseRoute } from './paths';

/** Follows the address. */
export class Router {
  route = $state.raw<Route>(parseRoute(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parseRoute(location.hash);
    });
  }

  /** Goes on; `replaces` where going back should not come by here again. */
  go(path: string, { replaces = false } = {}): void {
    if (replaces) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.route = parseRoute(location.hash);
  }
}
