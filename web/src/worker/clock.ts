/** Time, chance and exclusion, given to what needs them, so that a test can give its own. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Between 0 and 1. */
  random(): number;
  sleep(ms: number): Promise<void>;
  /** Calls back once; answers how to call it off. */
  after(ms: number, call: () => void): () => void;
  /** Does the work while nobody else in the browser holds the lock. */
  exclusively<Result>(lock: string, work: () => Promise<Result>): Promise<Result>;
};

/** The browser's locks. They exist on secure origins only; without them one page alone is assumed. */
export function lockManager(): LockManager | null {
  return (navigator as Partial<Navigator>).locks ?? null;
}

export const realClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  async exclusively(lock, work) {
    const locks = lockManager();
    return locks === null ? await work() : await locks.request(lock, work);
  },
};
