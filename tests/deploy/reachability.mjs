/** Whether each process of ours can be reached, reaches all that it calls, and starts after it. */

import { COMPOSE_FILE, composeFile, dependencies, folderOf } from './compose-file.mjs';

const PASSWORDS = 'deploy/passwords';

export function reachabilityProblems(tree) {
  const { services } = composeFile(tree);
  const ours = services.filter((service) => folderOf(service));
  return [
    ...ours.flatMap((service) => alone(service)),
    ...ours.flatMap((service) => replicas(service, ours)),
    ...ours.flatMap((service) => waits(service, services, tree)),
  ].map((problem) => `${COMPOSE_FILE}: ${problem}`);
}

/** A container is reached from others only at an address that is not its own loopback one. */
function alone(service) {
  const problems = [];
  const port = /^0\.0\.0\.0:(\d+)$/.exec(service.environment?.LOQUAT_LISTEN ?? '')?.[1];
  if (!port) problems.push(`it listens on ${service.environment?.LOQUAT_LISTEN}, where nobody outside reaches it`);
  for (const published of service.ports ?? []) {
    const inside = published.split(':').at(-1);
    if (port && inside !== port) problems.push(`it publishes ${inside} and listens on ${port}`);
  }
  // Flags would stand above what .env says.
  if (service.command.length !== 1) problems.push(`its command is \`${service.command.join(' ')}\`: settings are variables`);
  return problems.map((problem) => `${service.name}: ${problem}`);
}

/** Who calls a service knows all its replicas: a room belongs to one of them by its hash. */
function replicas(service, ours) {
  const problems = [];
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    const folder = /^LOQUAT_(\w+)_URLS$/.exec(name)?.[1].toLowerCase();
    if (!folder) continue;
    const called = value.split(',').map((address) => new URL(address).hostname);
    const there = ours.filter((each) => folderOf(each) === folder).map((each) => each.name);
    for (const each of there.filter((host) => !called.includes(host)))
      problems.push(`${service.name}: ${name} lacks ${each}`);
    for (const each of called.filter((host) => !there.includes(host)))
      problems.push(`${service.name}: ${name} names ${each}, which is no ${folder} service`);
    if (new Set(called).size !== called.length) problems.push(`${service.name}: ${name} names one twice`);
  }
  return problems;
}

/** A process starts after all that it reads, stores in, or calls. Traces alone may come later. */
function waits(service, services, tree) {
  const wanted = new Set();
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    if (/_ENDPOINT$|_PUBLIC_URL$/.test(name)) continue;
    if (/_URLS?$/.test(name)) for (const address of value.split(',')) wanted.add(new URL(address).hostname);
    if (name.startsWith('LOQUAT_TLS_')) wanted.add('certificates');
    if (/_DATABASE_URL_FILE$/.test(name)) {
      wanted.add('passwords');
      wanted.add(/^server=(\w+):5432$/m.exec(tree.text(PASSWORDS))?.[1]);
    }
  }
  const waited = dependencies(service).map(([name]) => name);
  const problems = [...wanted]
    .filter((name) => !waited.includes(name))
    .map((name) => `${service.name}: it does not wait for ${name}`);
  const unread = Object.entries(service.environment ?? {}).filter(
    ([, value]) => String(value).startsWith('/') && !isMounted(String(value), service),
  );
  problems.push(...unread.map(([name, value]) => `${service.name}: ${name} names ${value}, which nothing mounts`));
  for (const name of wanted) {
    const other = services.find((each) => each.name === name);
    const meets = other?.networks?.some((network) => service.networks?.includes(network));
    if (other?.networks && !meets) problems.push(`${service.name}: no network joins it with ${name}`);
  }
  return problems;
}

function isMounted(path, service) {
  return (service.volumes ?? []).some((mount) => path.startsWith(`${mount.split(':')[1]}/`));
}
