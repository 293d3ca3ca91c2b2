/** Runs all tests of this folder, and ends with a line of counts. Installs what they need, which is one package. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

if (!existsSync(join(here, 'node_modules/yaml'))) {
  const installed = spawnSync('npm', ['ci', '--silent'], { cwd: here, stdio: ['ignore', 2, 2] });
  if (installed.status !== 0) throw new Error('npm ci failed');
}

const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs'))
  .map((name) => join(here, name));
const counts = { passed: 0, failed: 0, skipped: 0 };
const isFile = ({ name }) => files.some((file) => file === name || file.endsWith(`/${name}`));

for await (const { type, data } of run({ files, concurrency: true })) {
  if (type === 'test:stderr') process.stderr.write(data.message);
  if (type === 'test:pass' && !isFile(data)) {
    const skipped = data.skip !== undefined;
    counts[skipped ? 'skipped' : 'passed'] += 1;
    console.log(`${skipped ? 'SKIPPED' : 'ok     '} ${data.name}${skipped ? `: ${data.skip}` : ''}`);
  }
  if (type === 'test:fail') {
    counts.failed += 1;
    const cause = data.details.error.cause ?? data.details.error;
    console.log(`FAILED  ${data.name}\n${String(cause.message ?? cause).replace(/^/gm, '        ')}`);
  }
}
if (counts.passed + counts.failed === 0) counts.failed = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
