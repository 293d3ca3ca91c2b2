import type { History, Message } from '../model/messages';
import type { Problem } from '../model/problem';
import { problemOf } from '../model/problem';
import type { Cursor, Membership } from '../model/rooms';
import type { RoomEvent } from '../model/stream';
import type { Timeline } from '../timeline/history';
import { emptyTimeline, newestLoaded, olderLoaded, received } from '../timeline/history';
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
  ) {}

  /** Reads the newest messages; what is on screen stays until they are there. */
  async loadNewest(): Promise<void> {
    const load = (this.#load += 1);
    this.history = 'loading';
    try {
      const history = await this.link.call('openRoom', this.roomId);
      if (load !== this.#load) return;
      this.timeline = newestLoaded(this.timeline, history);
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
      const page: History = await this.link.call('listOlderMessages', this.roomId, this.timeline.olderToken);
      if (load === this.#load) this.timeline = olderLoaded(this.timeline, page);
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
    if (event.change.kind === 'messageSent') this.receive(event.change.message);
    if (event.change.kind === 'membershipsChanged') {
      const gone = new Set(event.change.changes.map((change) => change.userId));
      const come = event.change.changes.filter((change) => change.isMember).map(({ userId, role }) => ({ userId, role }));
      this.members = [...this.members.filter((member) => !gone.has(member.userId)), ...come];
    }
  }

  receive(message: Message): void {
    this.timeline = received(this.timeline, message);
  }

  #moveTo(cursor: Cursor | null): void {
    if (cursor === null) return;
    if (cursor.epoch !== this.cursor?.epoch || cursor.seq > this.cursor.seq) this.cursor = cursor;
  }
}
