import type { TabInterest, ToTab } from './protocol';

/** How to speak to one tab. */
export type TabPort = { send(word: ToTab): void };

const openRoomsKept = 30;

/** The tabs that are there, and what they show taken together. */
export class Tabs {
  readonly #tabs = new Map<TabPort, TabInterest>();

  add(tab: TabPort): void {
    this.#tabs.set(tab, { openRooms: [], people: [] });
  }

  remove(tab: TabPort): void {
    this.#tabs.delete(tab);
  }

  has(tab: TabPort): boolean {
    return this.#tabs.has(tab);
  }

  setInterest(tab: TabPort, interest: TabInterest): void {
    if (this.#tabs.has(tab)) this.#tabs.set(tab, interest);
  }

  /** Forgets what they showed, for the next session. */
  clearInterests(): void {
    for (const tab of this.#tabs.keys()) this.add(tab);
  }

  broadcast(word: ToTab): void {
    for (const tab of this.#tabs.keys()) tab.send(word);
  }

  /** The rooms on screen in any tab, then the others that were read, and all people shown. */
  merged(): { readonly opened: readonly string[]; readonly people: readonly string[] } {
    const interests = [...this.#tabs.values()];
    const onScreen = interests.flatMap((interest) => interest.openRooms.slice(0, 1));
    const read = interests.flatMap((interest) => interest.openRooms.slice(1));
    return {
      opened: [...new Set([...onScreen, ...read])].slice(0, openRoomsKept),
      people: [...new Set(interests.flatMap((interest) => interest.people))],
    };
  }
}
