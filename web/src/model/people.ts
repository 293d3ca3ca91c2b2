/** A person with an account. */
export type User = {
  readonly userId: string;
  readonly handle: string;
  readonly displayName: string;
};

/** How a person shows itself; `invisible` is only ever said of oneself. */
export type Availability = 'online' | 'away' | 'doNotDisturb' | 'invisible' | 'offline';

/** What one may choose to be. */
export type ChosenAvailability = Exclude<Availability, 'offline'>;

/** A person's presence. */
export type Presence = {
  readonly userId: string;
  readonly availability: Availability;
  readonly statusText: string;
};
