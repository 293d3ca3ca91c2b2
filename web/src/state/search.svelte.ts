import type { Problem } from '../model/problem';
import { problemOf } from '../model/problem';

const pauseMs = 200;

/** Looks something up while one types: after a short pause, and only the last question counts. */
export class Search<Item> {
  query = $state('');
  items = $state.raw<readonly Item[]>([]);
  /** The question that the items answer; null before the first answer. */
  answered = $state<string | null>(null);
  problem = $state.raw<Problem | null>(null);
  nextPageToken = $state('');
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: (query: string, pageToken: string) => Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string }>,
    private readonly settings: { readonly answersEmpty: boolean },
  ) {
    if (settings.answersEmpty) void this.#run();
  }

  typed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), pauseMs);
  }

  async more(): Promise<void> {
    await this.#run(this.nextPageToken);
  }

  async #run(pageToken = ''): Promise<void> {
    const asked = (this.#asked += 1);
    const query = this.query.trim();
    if (query === '' && !this.settings.answersEmpty) {
      this.items = [];
      this.answered = null;
      return;
    }
    try {
      const page = await this.ask(query, pageToken);
      if (asked !== this.#asked) return;
      this.items = pageToken === '' ? page.items : [...this.items, ...page.items];
      this.nextPageToken = page.nextPageToken;
      this.answered = query;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = problemOf(error);
    }
  }
}
