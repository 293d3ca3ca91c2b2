// How times are written, in the reader's language and time zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Names the day of a time, here; two times of one day have one name. */
export function dayOf(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Hour and minute. */
export function clockTime(time: number): string {
  return clock.format(time);
}

/** Day and time to the second, for whoever asks. */
export function wholeTime(time: number): string {
  return whole.format(time);
}

/** For machines. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}

/** "Today", "Yesterday", else the day, with its year where that is another one. */
export function dayName(time: number, now: number, words: { readonly today: string; readonly yesterday: string }): string {
  const day = dayOf(time);
  if (day === dayOf(now)) return words.today;
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day === dayOf(yesterday.getTime())) return words.yesterday;
  return new Date(time).getFullYear() === today.getFullYear() ? weekday.format(time) : withYear.format(time);
}
