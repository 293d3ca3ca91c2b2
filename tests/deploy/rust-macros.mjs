/**
 * What `macro_rules!` of the simplest kind write: one rule, which repeats a body for each entry of a list,
 *
 *     macro_rules! name { ($($a:ident, $b:literal;)+) => {$( body with $a and $b )+}; }
 *
 * so that settings that a macro declares are read like others.
 */

import { enclosed } from './rust-brackets.mjs';

/** Returns a file's text with what its macros write put behind it. */
export function withMacrosWritten(text) {
  const written = [...text.matchAll(/macro_rules!\s*(\w+)\s*\{/g)].flatMap((match) => {
    const definition = enclosed(text, match.index + match[0].length - 1);
    const rule = /^\s*(\(\$\()[\s\S]*?=>\s*\{\s*\$\(/.exec(definition);
    if (!rule || !/\benv = \$/.test(definition)) return [];
    const names = [...rule[0].matchAll(/\$(\w+):(?!meta)\w+/g)].map(([, name]) => name);
    const body = enclosed(definition, rule[0].length - 1).replace(/\$\(#\[[^\]]*\]\)\*/g, '');
    return calls(text, match[1]).flatMap((entry) => {
      const values = entry.match(/"[^"]*"|[^,\s][^,]*/g).map((value) => value.trim());
      if (values.length !== names.length) throw new Error(`${match[1]}! has no rule for ${entry}`);
      const replace = (_, name) => (names.includes(name) ? values[names.indexOf(name)] : `$${name}`);
      return [body.replace(/\$(\w+)/g, replace)];
    });
  });
  return [text, ...written].join('\n');
}

/** Returns the entries of each call of a macro, without their comments. */
function calls(text, name) {
  return [...text.matchAll(new RegExp(`^\\s*${name}!\\s*[{(]`, 'gm'))].flatMap((match) =>
    enclosed(text, match.index + match[0].length - 1)
      .replace(/^\s*\/\/.*$/gm, '')
      .split(';')
      .map((entry) => entry.trim())
      .filter(Boolean),
  );
}
