/** deploy/.env.example: written from the settings in the code, and compared with them. */

import { composeFile, folderOf } from './compose-file.mjs';
import { settingsInCode } from './settings-in-code.mjs';

export const ENV_EXAMPLE = 'deploy/.env.example';

/** What compose.yaml alone reads. */
export const DEPLOYMENT_VARIABLES = [
  {
    name: 'PAGE_ADDRESS',
    value: 'ADDRESS',
    default: '127.0.0.1',
    comment:
      'Address of this machine at which the page answers. 0.0.0.0 opens it to others: put TLS in front, and set LOQUAT_PUBLIC_URL.',
  },
  { name: 'PAGE_PORT', value: 'PORT', default: '3000', comment: 'Port of this machine at which the page answers.' },
  {
    name: 'TRACES_ADDRESS',
    value: 'ADDRESS',
    default: '127.0.0.1',
    comment: 'Address of this machine at which Jaeger shows the traces. It asks nobody who they are: keep it closed.',
  },
  {
    name: 'TRACES_PORT',
    value: 'PORT',
    default: '16686',
    comment: 'Port of this machine at which Jaeger shows the traces.',
  },
];

const HEAD = `\
# All settings of Loquat.
#
# Nothing has to be set. Copied to .env beside it, with the "#" before a setting removed, this file is read by
# deploy/compose.yaml; a process that is started otherwise takes the same names from its environment, their flags
# (LOQUAT_LOG is --log), or the file that LOQUAT_CONFIG names. Flags win over the environment, the environment over the file.
#
# Each LOQUAT_… has a twin LOQUAT_…_FILE that names a file to read the value from, as secrets are mounted. Set one of them.
#
# Written by "node tests/deploy/settings.mjs --write" from the code. docs/configuration.md shows the same as tables.`;

/** Returns the settings in groups by who reads them: `[{ title, settings }]`, in the order in which they are shown. */
export function groups(tree) {
  const code = settingsInCode(tree);
  const all = [...code.services.keys()];
  const titleOf = ({ readBy }) => {
    if (readBy.length === all.length) return 'Every process';
    if (readBy.length === 1) return code.services.get(readBy[0]).binary;
    const owners = readBy.filter((folder) => folder !== 'standalone');
    if (owners.length === 1) return `${code.services.get(owners[0]).binary} and loquat`;
    return 'Several services';
  };
  const shown = new Map([
    ['Every process', []],
    ['Several services', []],
  ]);
  for (const folder of all) {
    const { binary } = code.services.get(folder);
    shown.set(`${binary} and loquat`, []);
    shown.set(binary, []);
  }
  for (const setting of code.settings) shown.get(titleOf(setting)).push(described(setting, code, tree));
  return [
    { title: 'The deployment: deploy/compose.yaml alone', settings: DEPLOYMENT_VARIABLES },
    ...[...shown].filter(([, settings]) => settings.length > 0).map(([title, settings]) => ({ title, settings })),
  ];
}

function described(setting, code, tree) {
  const binaries = setting.readBy.map((folder) => code.services.get(folder).binary);
  const listens = [...code.services.values()]
    .filter(({ listen }) => listen)
    .map(({ binary, listen }) => `${binary} ${listen}`);
  const fallback = setting.name === 'LOQUAT_LISTEN' && listens.length > 0 ? listens.join(', ') : setting.default;
  return { ...setting, default: fallback, binaries, inCompose: inCompose(setting, tree) };
}

/** Returns what compose.yaml tells the processes that read a setting: `fixed`, a default of its own, or null. */
function inCompose(setting, tree) {
  const values = composeFile(tree)
    .services.filter((service) => setting.readBy.includes(folderOf(service)))
    .flatMap((service) => [service.environment?.[setting.name], service.environment?.[`${setting.name}_FILE`]])
    .filter((value) => value !== undefined);
  const open = values.map((value) => new RegExp(`^\\$\\{${setting.name}:-([^}]*)\\}$`).exec(value)?.[1]).find(Boolean);
  if (open) return open;
  return values.length > 0 ? 'fixed' : null;
}

export function envExample(tree) {
  const sections = groups(tree).map(
    ({ title, settings }) => `# ==== ${title} ====\n\n${settings.map((each) => entry(each, title)).join('\n\n')}`,
  );
  return `${[HEAD, ...sections].join('\n\n')}\n`;
}

function entry(setting, title) {
  const facts = [
    `${setting.value || 'VALUE'}.`,
    ...(setting.comment.includes('No default.')
      ? []
      : [setting.default === null ? 'No default.' : `Default: ${setting.default}.`]),
  ];
  if (setting.inCompose === 'fixed') facts.push('compose.yaml sets it.');
  else if (setting.inCompose) facts.push(`In compose.yaml: ${setting.inCompose}.`);
  if (setting.isSecret) facts.push(`A secret: rather name its file by ${setting.name}_FILE.`);
  if (title === 'Several services') facts.push(`Read by ${setting.binaries.join(', ')}.`);
  const value = setting.name === 'LOQUAT_LISTEN' ? '' : (setting.default ?? '');
  return `${comment(setting.comment)}\n${comment(facts.join(' '))}\n#${setting.name}=${value}`;
}

/** Breaks a text into comment lines of at most 120 characters. */
function comment(text) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    if (lines.at(-1).length + word.length > 116) lines.push('');
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.map((line) => `#${line}`).join('\n');
}

/** Compares the file with the code, both ways. */
export function envExampleProblems(tree) {
  const { problems } = settingsInCode(tree);
  if (!tree.has(ENV_EXAMPLE)) return [...problems, `${ENV_EXAMPLE} is not there`];
  const written = entriesOf(tree.text(ENV_EXAMPLE));
  const expected = entriesOf(envExample(tree));
  const differing = [...expected].filter(([name, text]) => written.has(name) && written.get(name) !== text);
  const found = [
    ...[...expected.keys()]
      .filter((name) => !written.has(name))
      .map((name) => `${name} is in the code and not in the file`),
    ...[...written.keys()]
      .filter((name) => !expected.has(name))
      .map((name) => `${name} is in the file and not in the code`),
    ...differing.map(([name, text]) => `${name}: the file says ${written.get(name)}, the code ${text}`),
  ];
  if (found.length === 0 && tree.text(ENV_EXAMPLE) !== envExample(tree)) found.push('its order or headings differ');
  return [...problems, ...found.map((problem) => `${ENV_EXAMPLE}: ${problem}`)];
}

function entriesOf(text) {
  return new Map(
    text.split(/\n\n+/).flatMap((block) => {
      const name = /^#?([A-Z][A-Z0-9_]+)=/m.exec(block)?.[1];
      return name ? [[name, block.trim()]] : [];
    }),
  );
}
