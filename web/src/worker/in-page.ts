// The host in the page itself, where the browser has no SharedWorker.
import { sameOriginTransport } from '../api/transport';
import type { HostSettings } from './host';
import { Host } from './host';
import type { ToHost, ToTab } from './protocol';

/** Two ends of which each calls the other in a later task, as a port would. */
export function connectInPage(onWord: (word: ToTab) => void, settings: HostSettings = { transport: sameOriginTransport }): (word: ToHost) => void {
  const host = new Host(settings);
  const tab = { send: (word: ToTab) => queueMicrotask(() => onWord(word)) };
  return (word) => queueMicrotask(() => host.receive(tab, word));
}
