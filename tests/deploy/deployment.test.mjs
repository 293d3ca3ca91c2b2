/** The checks on the repository as it is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backendContainerProblems } from './backend-containers.mjs';
import { configurationPageProblems } from './configuration-page.mjs';
import { containerProblems } from './containers.mjs';
import { dockerfileProblems } from './dockerfile.mjs';
import { editorProblems } from './editor.mjs';
import { envExampleProblems } from './env-example.mjs';
import { operatingPageProblems } from './operating-page.mjs';
import { processSettingProblems } from './process-settings.mjs';
import { reachabilityProblems } from './reachability.mjs';
import { has, natsServer, run } from './programs.mjs';
import { Tree } from './tree.mjs';

const tree = new Tree();
const without = (problems) => assert.equal(problems.join('\n'), '');

test('containers have exact images, health checks, an order, networks and volumes', () =>
  without(containerProblems(tree)));
test('stores keep their data where it is mounted, and are asked for their health', () =>
  without(backendContainerProblems(tree)));
test('each process is reached, knows whom it calls, and starts after them', () => without(reachabilityProblems(tree)));
test('compose tells each process what it reads and nothing else', () => without(processSettingProblems(tree)));
test('.env.example lists the settings that the code declares', () => without(envExampleProblems(tree)));
test('the configuration page shows the settings that the code declares', () =>
  without(configurationPageProblems(tree)));
test('the operating page names what is there', () => without(operatingPageProblems(tree)));
test('the Dockerfile builds and takes along every binary', () => without(dockerfileProblems(tree)));
test('the editor starts what is in the workspace', () => without(editorProblems(tree)));

const nats = natsServer();
test('nats-server accepts its configuration', { skip: nats ? false : 'no nats-server' }, () => {
  const checked = run(nats, ['-t', '-c', 'deploy/nats.conf']);
  assert.equal(checked.status, 0, checked.stderr);
});

test('the scripts of the deployment are sound', () => {
  for (const script of ['deploy/certificates', 'deploy/passwords', 'deploy/postgres/create-databases.sh']) {
    const checked = run('bash', ['-n', script]);
    assert.equal(checked.status, 0, checked.stderr);
    const judged = has('shellcheck') ? run('shellcheck', [script]) : { status: 0 };
    assert.equal(judged.status, 0, judged.stdout);
  }
});
