/** How many characters a text has, as the contract counts them: code points. */
export function countCharacters(text: string): number {
  return Array.from(text).length;
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/u).filter(Boolean);
  const letter = (part: string | undefined) => (part === undefined ? '' : (Array.from(part.replace(/^[^\p{L}\p{N}]+/u, '') || part)[0] ?? ''));
  const [first, last] = [letter(parts[0]), parts.length > 1 ? letter(parts.at(-1)) : ''];
  return (first + last).toLocaleUpperCase();
}

/** The length that the contract allows a message; a test holds it against the rule. */
export const maxMessageCharacters = 4000;

/** Whether there is something in a text that may be sent. */
export function isSendable(text: string): boolean {
  return /[^ \t\r\n]/.test(text) && countCharacters(text) <= maxMessageCharacters;
}
