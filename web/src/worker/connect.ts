// The page's end: it finds the host, asks it, and hears its news.
import { ProblemError } from '../model/problem';
import type { Cursor } from '../model/rooms';
import { lockManager } from './clock';
import type { HostApi, Method, Snapshot, TabInterest, ToHost, ToTab } from './protocol';

/** After how long without a word the worker is taken for one that does not run here. */
const workerPatienceMs = 4_000;

/** What the page hears without asking. */
export type Listener = {
  attached(snapshot: Snapshot): void;
  told(word: Extract<ToTab, { kind: 'session' | 'news' }>): void;
};

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** The host, as the page sees it. */
export class HostLink {
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #isAttached = false;
  #send: (word: ToHost) => void = () => undefined;
  #queue: ToHost[] | null = [];

  constructor(private readonly listener: Listener) {}

  /** The way to the host is there. */
  open(send: (word: ToHost) => void): void {
    this.#send = send;
    const queued = this.#queue ?? [];
    this.#queue = null;
    for (const word of queued) send(word);
  }

  send(word: ToHost): void {
    if (this.#queue === null) this.#send(word);
    else this.#queue.push(word);
  }

  call<Name extends Method>(method: Name, ...args: Parameters<HostApi[Name]>): ReturnType<HostApi[Name]> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.send({ kind: 'call', id, method, args });
    // What comes back is what `HostApi` says, since the host serves that interface.
    return answer as ReturnType<HostApi[Name]>;
  }

  setInterest(interest: TabInterest): void {
    this.send({ kind: 'interest', interest });
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  receive(word: ToTab): void {
    switch (word.kind) {
      case 'attached':
        this.#isAttached = true;
        this.listener.attached(word.snapshot);
        break;
      case 'answer':
        this.#waiting.get(word.id)?.resolve(word.value);
        this.#waiting.delete(word.id);
        break;
      case 'refusal':
        this.#waiting.get(word.id)?.reject(new ProblemError(word.problem));
        this.#waiting.delete(word.id);
        break;
      case 'session':
      case 'news':
        this.listener.told(word);
        break;
    }
  }
}

/** Holds a lock for as long as the tab lives, by which the host knows; empty where there are no locks. */
async function holdLifeLock(): Promise<string> {
  const locks = lockManager();
  if (locks === null) return '';
  const name = `loquat-tab-${Math.random().toString(36).slice(2)}`;
  await new Promise<void>((held) => {
    void locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });
  return name;
}

async function openInPage(link: HostLink): Promise<(word: ToHost) => void> {
  if (import.meta.env.MODE === 'fixture') {
    const { fixtureSettings } = await import('../api/fake/fixture');
    const { connectInPage } = await import('./in-page');
    return connectInPage((word) => link.receive(word), fixtureSettings());
  }
  const { connectInPage } = await import('./in-page');
  return connectInPage((word) => link.receive(word));
}

/** Starts the worker; answers null where it does not run. */
async function openWorker(link: HostLink, attach: ToHost): Promise<((word: ToHost) => void) | null> {
  if (import.meta.env.MODE === 'fixture' || typeof SharedWorker === 'undefined') return null;
  return new Promise((resolve) => {
    let isLost = false;
    const lost = () => {
      isLost = true;
      resolve(null);
    };
    const timer = setTimeout(lost, workerPatienceMs);
    let worker: SharedWorker;
    try {
      worker = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'loquat' });
    } catch {
      lost();
      return;
    }
    worker.onerror = lost;
    worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => {
      if (isLost) return;
      clearTimeout(timer);
      link.receive(data);
      resolve((word) => worker.port.postMessage(word));
    };
    worker.port.postMessage(attach);
  });
}

/** Finds the host for this tab and attaches to it. */
export async function connectHost(link: HostLink, seen: readonly Cursor[]): Promise<void> {
  const attach: ToHost = { kind: 'attach', lock: await holdLifeLock(), seen };
  let send = await openWorker(link, attach);
  if (send === null) {
    send = await openInPage(link);
    send({ ...attach, lock: '' });
  }
  link.open(send);
  addEventListener('online', () => link.send({ kind: 'online', isOnline: true }));
  addEventListener('offline', () => link.send({ kind: 'online', isOnline: false }));
  if (!navigator.onLine) link.send({ kind: 'online', isOnline: false });
}
