/** Whether docs/operating.md names what is there: containers, ports, methods, settings, files. */

import { composeFile } from './compose-file.mjs';
import { DEPLOYMENT_VARIABLES } from './env-example.mjs';
import { settingsInCode } from './settings-in-code.mjs';

const PAGE = 'docs/operating.md';

export function operatingPageProblems(tree) {
  const text = tree.text(PAGE);
  const { services } = composeFile(tree);
  const names = services.map(({ name }) => name);
  const settings = [...settingsInCode(tree).settings, ...DEPLOYMENT_VARIABLES].map(({ name }) => name);
  const problems = [];

  for (const name of names.filter((each) => !['certificates', 'passwords'].includes(each))) {
    if (!new RegExp(`^\\|[^|]*\\b${name}\\b[^|]*\\|\\s*\\d+`, 'm').test(text))
      problems.push(`the table of ports lacks ${name}`);
  }
  for (const [, row, port] of text.matchAll(/^\| ([\w, -]+?) \| (\d+) \|/gm)) {
    for (const name of row.split(', ')) {
      const service = services.find((each) => each.name === name);
      const listen = service?.environment?.LOQUAT_LISTEN;
      if (!service) problems.push(`the table of ports has ${name}, which is no container`);
      else if (listen && !listen.endsWith(`:${port}`)) problems.push(`${name} listens on ${listen}, not ${port}`);
    }
  }
  for (const [, method] of text.matchAll(/\b(loquat\.\w+\.v1\.\w+\/\w+)/g)) {
    if (!methods(tree).has(method)) problems.push(`there is no method ${method}`);
  }
  for (const [, name] of text.matchAll(/\b((?:LOQUAT|PAGE|TRACES)_[A-Z_]+)\b/g)) {
    if (isStream(name, tree)) continue;
    if (!settings.includes(name.replace(/_FILE$/, ''))) problems.push(`there is no setting ${name}`);
  }
  for (const [, path] of text.matchAll(/\b((?:deploy|docs|tests)\/[\w./-]+\w)/g)) {
    const isMadeByReader = /^deploy\/(\.env|compose\.override\.yaml)$/.test(path);
    if (!isMadeByReader && !tree.has(path)) problems.push(`there is no ${path}`);
  }
  return problems.map((problem) => `${PAGE}: ${problem}`);
}

/** The bus's streams look like settings; with a prefix of NATS, `LOQUAT_DEAD_…` too. */
function isStream(name, tree) {
  const code = tree.files('crates/bus/src/nats', '.rs').map((file) => tree.text(file));
  return code.some((text) => text.includes(`"${name.replace(/_$/, '')}"`));
}

function methods(tree) {
  const found = new Set();
  for (const file of tree.files('proto/loquat', '.proto')) {
    const text = tree.text(file);
    const area = /^package ([\w.]+);/m.exec(text)?.[1];
    for (const [, service, body] of text.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm)) {
      for (const [, method] of body.matchAll(/^ {2}rpc (\w+)\(/gm)) found.add(`${area}.${service}/${method}`);
    }
  }
  return found;
}
