/** Whether what .vscode starts is in the workspace. */

import { settingsInCode } from './settings-in-code.mjs';

const LAUNCH = '.vscode/launch.json';
const TASKS = '.vscode/tasks.json';
const EXTENSIONS = '.vscode/extensions.json';

export function editorProblems(tree) {
  const [launch, tasks, extensions] = [LAUNCH, TASKS, EXTENSIONS].map((path) => JSON.parse(tree.text(path)));
  const names = launch.configurations.map(({ name }) => name);
  const labels = tasks.tasks.map(({ label }) => label);
  const crates = ['crates', 'services']
    .flatMap((folder) => tree.files(folder, 'Cargo.toml'))
    .map((path) => packageOf(tree.text(path)));
  const problems = [];
  for (const [name, kind] of [
    ['server', 'lldb'],
    ['page', 'chrome'],
  ]) {
    if (!launch.configurations.some((each) => each.name === name && each.type === kind))
      problems.push(`nothing debugs the ${name}`);
  }
  for (const each of launch.configurations) {
    if (each.request !== 'launch') problems.push(`${LAUNCH}: ${each.name}: it does not start what it debugs`);
    if (each.type === 'lldb') problems.push(...builds(each).map((problem) => `${LAUNCH}: ${each.name}: ${problem}`));
    if (each.type === 'chrome' && each.url !== pageAddress(tree))
      problems.push(`${LAUNCH}: ${each.name}: the page is at ${pageAddress(tree)}, not at ${each.url}`);
    problems.push(...programs(each, launch, crates, tree).map((problem) => `${LAUNCH}: ${each.name}: ${problem}`));
    if (each.preLaunchTask && !labels.includes(each.preLaunchTask)) {
      problems.push(`${LAUNCH}: ${each.name}: there is no task ${each.preLaunchTask}`);
    }
    if (each.webRoot && !tree.has(each.webRoot.replace('${workspaceFolder}/', ''))) {
      problems.push(`${LAUNCH}: ${each.name}: there is no ${each.webRoot}`);
    }
    for (const variable of Object.keys(each.env ?? {})) {
      if (!settingsInCode(tree).settings.some(({ name }) => name === variable)) {
        problems.push(`${LAUNCH}: ${each.name}: there is no setting ${variable}`);
      }
    }
  }
  for (const compound of launch.compounds ?? []) {
    for (const name of compound.configurations) {
      if (!names.includes(name)) problems.push(`${LAUNCH}: ${compound.name}: there is no ${name}`);
    }
  }
  const scripts = JSON.parse(tree.text('web/package.json')).scripts;
  for (const task of tasks.tasks) {
    if (task.type === 'npm' && !(task.script in scripts))
      problems.push(`${TASKS}: ${task.label}: there is no script ${task.script}`);
    const target = /^make (\w+)$/.exec(task.command ?? '')?.[1];
    if (target && !(tree.has('Makefile') && new RegExp(`^${target}:`, 'm').test(tree.text('Makefile')))) {
      problems.push(`${TASKS}: ${task.label}: there is no such target`);
    }
  }
  if (!extensions.recommendations.includes('vadimcn.vscode-lldb')) problems.push(`${EXTENSIONS}: nothing starts lldb`);
  return problems;
}

/** What cargo is told must leave an executable: of a binary, or of tests that it does not run itself. */
function builds({ cargo }) {
  const [command, ...rest] = cargo?.args ?? [];
  const isBinary = command === 'build' && rest.includes('--bin');
  const isTests = command === 'test' && rest.includes('--no-run');
  return isBinary || isTests ? [] : [`\`cargo ${cargo?.args.join(' ')}\` leaves nothing to debug`];
}

/** Vite's own port where its configuration names none. */
function pageAddress(tree) {
  const server = /\bserver: \{([^\n]*)/.exec(tree.text('web/vite.config.ts'))?.[1] ?? '';
  return `http://localhost:${/\bport: (\d+)/.exec(server)?.[1] ?? 5173}`;
}

function packageOf(manifest) {
  return /^name\s*=\s*"([^"]+)"/m.exec(manifest)?.[1];
}

function programs({ cargo }, launch, crates, tree) {
  if (!cargo) return [];
  const after = (flag) => cargo.args[cargo.args.indexOf(flag) + 1];
  const crate = after('--package');
  const wanted = crate.startsWith('${input:') ? launch.inputs.flatMap(({ options }) => options) : [crate];
  const problems = wanted.filter((name) => !crates.includes(name)).map((name) => `there is no crate ${name}`);
  if (cargo.args.includes('--bin')) {
    const folder = crate.replace('loquat-', '');
    const binary = settingsInCode(tree).services.get(folder)?.binary;
    if (binary !== after('--bin')) problems.push(`${crate} makes ${binary}, not ${after('--bin')}`);
    if (!tree.has(`services/${folder}/src/main.rs`)) problems.push(`${crate} has no main.rs`);
  }
  return problems;
}
