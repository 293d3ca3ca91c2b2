/** docs/configuration.md: its tables are written from the settings in the code, and compared with them. */

import { groups } from './env-example.mjs';

export const CONFIGURATION_PAGE = 'docs/configuration.md';

const BEGIN = '<!-- Written by `node tests/deploy/settings.mjs --write`: begin -->';
const END = '<!-- end -->';

/** Returns the page with its tables as the code has them. */
export function configurationPage(tree) {
  const text = tree.text(CONFIGURATION_PAGE);
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${CONFIGURATION_PAGE} has lost the marks around its tables`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${groups(tree).map(table).join('\n\n')}\n\n${text.slice(end)}`;
}

function table({ title, settings }) {
  const rows = settings.map((setting) => {
    const fallback = setting.default === null ? 'none' : `\`${setting.default}\``;
    const here =
      setting.inCompose === 'fixed'
        ? 'set by compose.yaml'
        : setting.inCompose
          ? `in compose.yaml \`${setting.inCompose}\``
          : '';
    const notes = [
      setting.comment,
      setting.isSecret ? 'Secret.' : '',
      title === 'Several services' ? `Read by ${setting.binaries.join(', ')}.` : '',
    ];
    const cells = [
      `\`${setting.name}\``,
      setting.value,
      [fallback, here].filter(Boolean).join('; '),
      notes.filter(Boolean).join(' '),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [`## ${title}`, '', '| setting | value | default | what it is |', '|---|---|---|---|', ...rows].join('\n');
}

export function configurationPageProblems(tree) {
  if (!tree.has(CONFIGURATION_PAGE)) return [`${CONFIGURATION_PAGE} is not there`];
  const [written, expected] = [tree.text(CONFIGURATION_PAGE), configurationPage(tree)].map((text) => text.split('\n'));
  const missing = expected
    .filter((line) => !written.includes(line))
    .map((line) => `${CONFIGURATION_PAGE}: missing: ${line}`);
  const extra = written
    .filter((line) => !expected.includes(line))
    .map((line) => `${CONFIGURATION_PAGE}: not in the code: ${line}`);
  return [...missing, ...extra];
}
