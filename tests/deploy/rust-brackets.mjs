/** Brackets in Rust, past those in strings and comments. */

/** Returns what stands between the bracket at `open` and its partner. */
export function enclosed(text, open) {
  const partner = { '{': '}', '[': ']', '(': ')' }[text[open]];
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"' && at < text.length; at += 1) if (text[at] === '\\') at += 1;
    } else if (text.startsWith('//', at)) {
      at = text.indexOf('\n', at);
    } else if (text[at] === text[open]) depth += 1;
    else if (text[at] === partner && (depth -= 1) === 0) return text.slice(open + 1, at);
  }
  throw new Error(`nothing closes ${text.slice(open, open + 40)}`);
}
