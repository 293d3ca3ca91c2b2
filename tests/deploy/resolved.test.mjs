/** Compose itself accepts deploy/compose.yaml, and would not accept anything. */

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeFile } from './compose-file.mjs';
import { composeConfig, scratch } from './programs.mjs';
import { Tree } from './tree.mjs';

const tree = new Tree();
const config = composeConfig();
test('compose resolves the file without any .env', { skip: config ? false : 'neither docker compose nor go' }, (t) => {
  const folder = scratch(t);
  cpSync(join(Tree.root, 'deploy'), folder, { recursive: true, filter: (path) => !path.endsWith('/.env') });
  const resolved = config(join(folder, 'compose.yaml'));
  assert.equal(resolved.status, 0, resolved.stderr);
  const names = composeFile(tree).services.map(({ name }) => name);
  assert.deepEqual(Object.keys(JSON.parse(resolved.stdout).services).sort(), names.sort());
});

test('what compose does not know is found', { skip: config ? false : 'neither docker compose nor go' }, (t) => {
  const folder = scratch(t);
  cpSync(join(Tree.root, 'deploy'), folder, { recursive: true });
  const file = join(folder, 'compose.yaml');
  for (const [before, after] of [
    ['    shm_size: 256m\n', '    shared_memory: 256m\n'],
    ['{ condition: service_healthy }', '{ condition: service_ready }'],
  ]) {
    writeFileSync(file, tree.with('deploy/compose.yaml', before, after).text('deploy/compose.yaml'));
    assert.notEqual(config(file).status, 0, after);
  }
});
