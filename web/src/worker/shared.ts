// The SharedWorker: one for all tabs of the browser, with one host in it.
import { sameOriginTransport } from '../api/transport';
import { Host } from './host';
import type { ToHost } from './protocol';
import type { TabPort } from './tabs';

const host = new Host({ transport: sameOriginTransport });

addEventListener('connect', (event) => {
  if (!(event instanceof MessageEvent)) return;
  const [port] = event.ports;
  if (port === undefined) return;
  const tab: TabPort = { send: (word) => port.postMessage(word) };
  port.onmessage = ({ data }: MessageEvent<ToHost>) => host.receive(tab, data);
});
