/** Whether compose.yaml tells each process what it reads, and nothing that it does not know. */

import { DEPLOYMENT_VARIABLES } from './env-example.mjs';
import { COMPOSE_FILE, composeFile, folderOf } from './compose-file.mjs';
import { settingsInCode } from './settings-in-code.mjs';

export function processSettingProblems(tree) {
  const file = composeFile(tree);
  const code = settingsInCode(tree);
  const ours = file.services.filter((service) => folderOf(service));
  return [
    ...ours.flatMap((service) => told(service, code)),
    ...ours.flatMap((service) => addresses(service, file.services)),
    ...ours.flatMap((service) => credentials(service)),
    ...file.variables.flatMap((variable) => defaults(variable, code)),
    ...strangers(tree, code),
  ].map((problem) => `${COMPOSE_FILE}: ${problem}`);
}

/** All services are given the same .env, and none warns of what is there for another. */
function strangers(tree, { services, settings }) {
  const list = /const OF_OTHERS[^=]*=\s*\[([^\]]*)\]/.exec(tree.text('crates/runtime/src/settings/strangers.rs'))?.[1] ?? '';
  const beginnings = [...list.matchAll(/"([A-Z_]+)"/g)].map(([, beginning]) => `LOQUAT_${beginning}`);
  return settings
    .filter(({ readBy }) => readBy.length < services.size)
    .filter(({ name }) => !beginnings.some((beginning) => name.startsWith(beginning)))
    .map(({ name }) => `${name} in .env is taken for a misspelt setting by services that do not read it`);
}

function told(service, { services, settings }) {
  const known = services.get(folderOf(service));
  if (!known) return [`${service.name}: ${service.command[0]} is no binary of ours`];
  const names = Object.keys(service.environment ?? {}).map(withoutFile);
  const unknown = names.filter((name) => !known.settings.has(name));
  const required = settings.filter((setting) => setting.isRequired && known.settings.has(setting.name));
  const missing = required.filter(({ name }) => name !== 'LOQUAT_LISTEN' && !names.includes(name));
  return [
    ...unknown.map((name) => `${service.name}: ${service.command[0]} has no setting ${name}`),
    ...missing.map(({ name }) => `${service.name}: ${name} must be set`),
  ];
}

function withoutFile(name) {
  return name.replace(/_FILE$/, '');
}

/** Each address names a service on a network in common, at the port where it listens. */
function addresses(service, services) {
  const problems = [];
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    if (!/_URLS?$|_ENDPOINT$/.test(name)) continue;
    const given = String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1');
    if (name === 'LOQUAT_PUBLIC_URL') continue;
    for (const address of given.split(',')) {
      const { hostname, port } = new URL(address);
      const other = services.find((each) => each.name === hostname);
      const say = (problem) => problems.push(`${service.name}: ${name}: ${hostname} ${problem}`);
      if (!other) say('is no service');
      else if (!other.networks?.some((network) => service.networks.includes(network)))
        say('is on no network in common');
      else if (folderOf(other) && other.environment.LOQUAT_LISTEN !== `0.0.0.0:${port}`)
        say(`does not listen on ${port}`);
      else if (folderOf(other) && !address.startsWith('https://')) say('is reached by https alone');
    }
  }
  return problems;
}

/** A service sees its own credentials and nobody else's. */
function credentials(service) {
  const own = `${folderOf(service)}-credentials:/credentials:ro`;
  return (service.volumes ?? []).join() === own ? [] : [`${service.name}: it mounts ${service.volumes}, not ${own}`];
}

/** What compose.yaml takes from the environment is described, and has a default. */
function defaults({ name, fallback }, { settings }) {
  const isDescribed =
    DEPLOYMENT_VARIABLES.some((known) => known.name === name) || settings.some((known) => known.name === name);
  return [
    ...(isDescribed ? [] : [`\${${name}} is no setting, and not described in .env.example`]),
    ...(fallback === undefined ? [`\${${name}} has no default`] : []),
  ];
}
