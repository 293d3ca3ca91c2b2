import type { Api } from '../api/client';
import type { Problem } from '../model/problem';
import { isTransient, problemOf, ProblemError } from '../model/problem';
import type { Access, Session, SignedIn } from '../model/session';
import type { Clock } from './clock';

/** Refresh this long before the access token ends. */
const refreshAheadMs = 30_000;
/** The waits between attempts while the server is away. */
const retryMs = [500, 1_000, 2_000, 4_000, 8_000];
const lockName = 'loquat-refresh';

/**
 * Holds the session: the access token, in memory only, and when to change it for the next. Refreshing is done by one at a
 * time in the whole browser, since a refresh token that comes twice ends the session.
 */
export class SessionKeeper {
  session: Session = { status: 'restoring', isAway: false };
  #access: Access | null = null;
  #renewal: Promise<boolean> | null = null;
  #cancelTimer: () => void = () => undefined;
  /** Grows with each session, so that a late answer of the one before is not taken for this one's. */
  #life = 0;

  constructor(
    private readonly api: () => Api,
    private readonly clock: Clock,
    private readonly onChange: (session: Session) => void,
  ) {}

  /** The token to send, or null where nobody is signed in. */
  token(): string | null {
    return this.#access?.token ?? null;
  }

  /** Takes up the session of before, if the cookie still has one. Tries until the server answers. */
  async restore(): Promise<void> {
    for (let attempt = 0; this.session.status === 'restoring'; attempt += 1) {
      const failure = await this.#refresh().then(
        () => null,
        (error: unknown) => problemOf(error),
      );
      if (failure === null) return;
      if (!isTransient(failure) && failure.code !== 'resourceExhausted') {
        this.#end('never');
        return;
      }
      this.#change({ status: 'restoring', isAway: true });
      await this.clock.sleep(retryMs[Math.min(attempt, retryMs.length - 1)] ?? 0);
    }
  }

  /** Begins with the answer of a sign-in. */
  begin(signedIn: SignedIn): void {
    this.#life += 1;
    this.#take(signedIn);
  }

  /** Ends on the person's own wish, after the server said so. */
  signedOut(): void {
    this.#end('signedOut');
  }

  /** Ends because the server no longer knows the session. */
  lost(): void {
    if (this.session.status === 'signedIn') this.#end('ended');
  }

  /** Makes a call, once more with the next token where the server refuses this one. */
  async authorized<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    await this.fresh();
    const used = this.token();
    try {
      return await call();
    } catch (error) {
      if (problemOf(error).code !== 'unauthenticated') throw error;
      if (this.token() === used && !(await this.renew())) throw error;
      return await call();
    }
  }

  /** Waits until the token is not about to end. */
  async fresh(): Promise<void> {
    if (this.#access !== null && this.#access.expireTime - this.clock.now() < refreshAheadMs / 2) await this.renew();
  }

  /** Changes the tokens; answers whether there is a session still. Several who ask share one attempt. */
  renew(): Promise<boolean> {
    this.#renewal ??= this.#refresh()
      .then(
        () => true,
        (error: unknown) => this.#refused(problemOf(error)),
      )
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  #refused(problem: Problem): boolean {
    if (problem.code === 'unauthenticated') {
      this.lost();
      return false;
    }
    this.#schedule(this.clock.now() + 5_000);
    return this.#access !== null;
  }

  async #refresh(): Promise<void> {
    const life = this.#life;
    const signedIn = await this.clock.exclusively(lockName, () => this.api().refresh());
    if (life !== this.#life) throw new ProblemError({ code: 'canceled', reason: '', violations: [], retryAfterMs: null });
    this.#take(signedIn);
  }

  #take({ user, access }: SignedIn): void {
    this.#access = access;
    this.#schedule(access.expireTime - refreshAheadMs);
    if (this.session.status !== 'signedIn' || this.session.user.userId !== user.userId) this.#change({ status: 'signedIn', user });
  }

  #schedule(at: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.clock.after(Math.max(at - this.clock.now(), 1_000), () => void this.renew());
  }

  #end(why: 'never' | 'signedOut' | 'ended'): void {
    this.#life += 1;
    this.#access = null;
    this.#cancelTimer();
    this.#change({ status: 'signedOut', why });
  }

  #change(session: Session): void {
    this.session = session;
    this.onChange(session);
  }
}
