/** Programs that a machine may have, and folders to use them in. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tree } from './tree.mjs';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'loquat', 'bin');
const composeVersion = 'v2.16.2';

/** Runs a program to its end and returns `{ status, stdout, stderr }`; `status` is null where it could not be run. */
export function run(program, args, options = {}) {
  const done = spawnSync(program, args, { cwd: Tree.root, encoding: 'utf8', timeout: 120_000, ...options });
  return { status: done.status, stdout: done.stdout ?? '', stderr: done.error?.message ?? done.stderr };
}

export function has(program) {
  return run('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

/** Makes a folder that is gone when the test has ended. */
export function scratch(test) {
  const folder = mkdtempSync(join(tmpdir(), 'loquat-deploy-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Returns a command that resolves a compose file, or null. That is `docker compose config` where the plugin is installed;
 * else the loader that it stands on, built by Go once, into the cache that deploy/backends uses too.
 */
export function composeConfig() {
  if (run('docker', ['compose', 'version']).status === 0) {
    return (file) => run('docker', ['compose', '--file', file, 'config', '--format', 'json']);
  }
  const loader = join(cache, `compose-config-${composeVersion}`);
  if (!existsSync(loader) && !build(loader)) return null;
  return (file) => run(loader, ['-format', 'json', file]);
}

function build(loader) {
  if (!has('go')) return false;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'build.compose-'));
  const built = run('go', ['install', `github.com/compose-spec/compose-go/v2/cmd@${composeVersion}`], {
    cwd: folder,
    env: { ...process.env, GOBIN: folder },
    timeout: 300_000,
  });
  if (built.status === 0) renameSync(join(folder, 'cmd'), loader);
  else console.error(built.stderr);
  rmSync(folder, { recursive: true, force: true });
  return built.status === 0;
}

export function natsServer() {
  const built = join(cache, 'nats-server-2.15.2');
  if (existsSync(built)) return built;
  return has('nats-server') ? 'nats-server' : null;
}
