/** Whether deploy/Dockerfile copies what is there, gets it past .dockerignore, and ends in an image fit to run. */

import { isExact } from './containers.mjs';
import { settingsInCode } from './settings-in-code.mjs';

const DOCKERFILE = 'deploy/Dockerfile';

export function dockerfileProblems(tree) {
  const steps = instructions(tree.text(DOCKERFILE));
  return [
    ...steps.filter(({ name }) => name === 'COPY').flatMap(({ text }) => copied(text, steps, tree)),
    ...steps.filter(({ name }) => name === 'FROM').flatMap(({ text }) => base(text)),
    ...binaries(tree, steps),
    ...workspace(tree, steps),
    ...lastStage(steps),
  ].map((problem) => `${DOCKERFILE}: ${problem}`);
}

function instructions(text) {
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ');
  return [...lines.matchAll(/^([A-Z]+)\s+(.+)$/gm)].map(([, name, rest]) => ({
    name,
    text: rest.replace(/\s+/g, ' ').trim(),
  }));
}

function copied(text, steps, tree) {
  const words = text.split(' ');
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1);
  if (from) {
    const isStage = steps.some((step) => step.name === 'FROM' && step.text.endsWith(` AS ${from}`));
    return isStage ? [] : [`COPY takes from ${from}, which is no stage`];
  }
  return sources.flatMap((source) => [
    ...(tree.has(source) ? [] : [`COPY takes ${source}, which is not there`]),
    ...(isIgnored(source, tree.text('.dockerignore')) ? [`COPY takes ${source}, which .dockerignore leaves out`] : []),
  ]);
}

/** The last pattern that fits a path, or a folder above it, decides. */
function isIgnored(path, patterns) {
  let ignored = false;
  for (const line of patterns.split('\n').map((each) => each.trim())) {
    if (!line || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '').replace(/\/$/, '');
    const expression = pattern
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replaceAll('**/', '\0')
      .replaceAll('*', '[^/]*')
      .replaceAll('\0', '(?:.*/)?');
    if (new RegExp(`^${expression}(?:/|$)`).test(path)) ignored = !line.startsWith('!');
  }
  return ignored;
}

function base(text) {
  const [image] = text.split(' ');
  return isExact(image) ? [] : [`FROM ${image}: the tag is not exact`];
}

/** Every service is built and taken along. */
function binaries(tree, steps) {
  const build = steps.find(({ name, text }) => name === 'RUN' && text.includes('cargo build'))?.text ?? '';
  return [...settingsInCode(tree).services].flatMap(([folder, { binary }]) => [
    ...(build.includes(`--package loquat-${folder} `) ? [] : [`loquat-${folder} is not built`]),
    ...(`${build} `.includes(`target/release/${binary} `) ? [] : [`${binary} is not taken along`]),
  ]);
}

/** Cargo reads the manifests of all members of the workspace, whichever are built. */
function workspace(tree, steps) {
  const members = /members = \[([^\]]*)\]/.exec(tree.text('Cargo.toml'))[1];
  const sources = steps
    .filter(({ name, text }) => name === 'COPY' && !text.includes('--from'))
    .flatMap(({ text }) => text.split(' '));
  return [...members.matchAll(/"([^"]+)"/g)]
    .map(([, member]) => member.replace(/\/\*$/, ''))
    .filter((member) => !sources.includes(member))
    .map((member) => `the workspace's ${member} is not copied`);
}

function lastStage(steps) {
  const last = steps.slice(steps.findLastIndex(({ name }) => name === 'FROM'));
  const user = last.findLast(({ name }) => name === 'USER')?.text;
  return !user || /^(root|0)\b/.test(user) ? [`it runs as ${user ?? 'root'}`] : [];
}
