import type { History } from '../model/messages';
import type { Problem } from '../model/problem';
import { problemOf } from '../model/problem';
import type { Cursor, Membership } from '../model/rooms';
import type { RoomEvent } from '../model/stream';
import type { Timeline } from '../timeline/history';
import { applied, cutBack, emptyTimeline, newestLoaded, olderLoaded, readBegun, readEnded } from '../timeline/history';
import type { HostLink } from '../worker/connect';

export type Loading = 'none' | 'loading' | 'ready' | 'failed';

/** One room as this tab shows it: its messages and its people. */
export class RoomState {
  timeline = $state.raw<Timeline>(emptyTimeline);
  history = $state<Loading>('none');
  older = $state<Loading>('none');
  problem = $state.raw<Problem | null>(null);
  members = $state.raw<readonly Membership[]>([]);
  membersLoading = $state<Loading>('none');
  membersToken = $state('');
  /** The last event of the room that this tab knows of. */
  cursor = $state.raw<Cursor | null>(null);
  draft = $state('');
  #load = 0;

  constructor(
    readonly roomId: string,
    private readonly link: HostLink,
    private readonly ownId: () => string,
  ) {}

  /** Reads the newest messages; what is on screen stays until they are there. */
  async loadNewest(): Promise<void> {
    const load = (this.#load += 1);
    this.history = 'loading';
    try {
      const history = await this.#reading(() => this.link.call('openRoom', this.roomId), (read) => {
        if (load === this.#load) this.timeline = newestLoaded(this.timeline, read, this.ownId());
      });
      if (load !== this.#load) return;
      this.#moveTo(history.cursor);
      this.history = 'ready';
      this.problem = null;
    } catch (error) {
      if (load !== this.#load) return;
      this.problem = problemOf(error);
      this.history = 'failed';
    }
  }

  get hasOlder(): boolean {
    return this.timeline.olderToken !== '';
  }

  async loadOlder(): Promise<void> {
    if (this.older === 'loading' || !this.hasOlder) return;
    this.older = 'loading';
    const load = this.#load;
    try {
      await this.#reading(() => this.link.call('listOlderMessages', this.roomId, this.timeline.olderToken), (page) => {
        if (load === this.#load) this.timeline = olderLoaded(this.timeline, page, this.ownId());
      });
      this.older = 'ready';
    } catch {
      this.older = 'failed';
    }
  }

  async loadMembers(): Promise<void> {
    this.membersLoading = 'loading';
    try {
      const page = await this.link.call('listMembers', this.roomId, '');
      this.members = page.items;
      this.membersToken = page.nextPageToken;
      this.membersLoading = 'ready';
    } catch {
      this.membersLoading = 'failed';
    }
  }

  async loadMoreMembers(): Promise<void> {
    // Where it fails, the button is there to be pressed again.
    const page = await this.link.call('listMembers', this.roomId, this.membersToken).catch(() => null);
    if (page === null) return;
    const known = new Set(this.members.map((member) => member.userId));
    this.members = [...this.members, ...page.items.filter((member) => !known.has(member.userId))];
    this.membersToken = page.nextPageToken;
  }

  /** Applies an event of the room's log; the engine sees to it that each comes once and in order. */
  apply(event: RoomEvent): void {
    this.#moveTo({ roomId: event.roomId, epoch: event.epoch, seq: event.seq, eventId: event.eventId });
    this.timeline = applied(this.timeline, event, this.ownId());
    if (event.change.kind === 'membershipsChanged') {
      const gone = new Set(event.change.changes.map((change) => change.userId));
      const come = event.change.changes.filter((change) => change.isMember).map(({ userId, role }) => ({ userId, role }));
      this.members = [...this.members.filter((member) => !gone.has(member.userId)), ...come];
    }
  }

  /** The log goes on after `seq` with something else: reads afresh what stands before it. */
  reload(seq: number): void {
    this.cursor = null;
    this.timeline = cutBack(this.timeline, seq);
    void this.loadNewest();
    if (this.membersLoading !== 'none') void this.loadMembers();
  }

  /** Reads a page, and notes meanwhile what happens to its messages. */
  async #reading(read: () => Promise<History>, take: (page: History) => void): Promise<History> {
    this.timeline = readBegun(this.timeline);
    try {
      const page = await read();
      take(page);
      return page;
    } finally {
      this.timeline = readEnded(this.timeline);
    }
  }

  #moveTo(cursor: Cursor | null): void {
    if (cursor === null) return;
    if (cursor.epoch !== this.cursor?.epoch || cursor.seq > this.cursor.seq) this.cursor = cursor;
  }
}
