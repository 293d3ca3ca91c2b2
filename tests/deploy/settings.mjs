/** `node tests/deploy/settings.mjs --write` writes what is made from the settings in the code. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page.mjs';
import { ENV_EXAMPLE, envExample } from './env-example.mjs';
import { settingsInCode } from './settings-in-code.mjs';
import { Tree } from './tree.mjs';

if (process.argv[2] !== '--write') {
  console.error('Usage: node tests/deploy/settings.mjs --write');
  process.exit(64);
}
const tree = new Tree();
for (const problem of settingsInCode(tree).problems) console.error(`warning: ${problem}`);
for (const [file, text] of [
  [ENV_EXAMPLE, envExample(tree)],
  [CONFIGURATION_PAGE, configurationPage(tree)],
]) {
  writeFileSync(join(Tree.root, file), text);
  console.log(`wrote ${file}`);
}
