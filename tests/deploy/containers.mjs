/** Whether the containers can be run for long: images, health, order, restarts, networks, volumes. */

import { COMPOSE_FILE, composeFile, dependencies, folderOf, isOneShot } from './compose-file.mjs';
import { settingsInCode } from './settings-in-code.mjs';

/** What the whole must hold. */
const EXPECTED = [
  ...['postgres', 'mongodb', 'redis', 'nats', 'jaeger'],
  ...['users', 'rooms', 'messages-1', 'messages-2', 'presence', 'gateway'],
];

export function containerProblems(tree) {
  const file = composeFile(tree);
  const names = file.services.map(({ name }) => name);
  return [
    ...EXPECTED.filter((name) => !names.includes(name)).map((name) => `${name}: there is no such service`),
    ...file.services.flatMap((service) => alone(service).map((problem) => `${service.name}: ${problem}`)),
    ...order(file.services),
    ...mounts(tree, file),
    ...networks(file),
    ...ports(file),
    ...endings(tree, file),
    ...backendImages(tree, file),
  ].map((problem) => `${COMPOSE_FILE}: ${problem}`);
}

function alone(service) {
  const problems = [];
  if (!isExact(service.image ?? '')) problems.push(`the image ${service.image} has no exact tag`);
  if (!['unless-stopped', 'no'].includes(service.restart)) problems.push(`restart is ${service.restart}`);
  const probe = service.healthcheck?.test;
  if (!isOneShot(service) && !probe) problems.push('it has no health check');
  if (probe && !['CMD', 'CMD-SHELL'].includes(probe[0]))
    problems.push('its health check begins with neither CMD nor CMD-SHELL');
  const folder = folderOf(service);
  if (folder && probe?.slice(1).join(' ') !== `loquat-${folder} --check-health`) {
    problems.push('its health check does not ask its own binary');
  }
  return problems;
}

/** Releases of these have two numbers; those of all others three, and a tag of two moves. */
const OF_TWO_NUMBERS = ['postgres', 'debian'];

export function isExact(image) {
  const [, name, numbers] = /^([a-z][\w./-]*):(\d+(?:\.\d+)+)(?:-[a-z]+)*$/.exec(image) ?? [];
  return numbers !== undefined && numbers.split('.').length === (OF_TWO_NUMBERS.includes(name) ? 2 : 3);
}

function order(services) {
  const byName = new Map(services.map((service) => [service.name, service]));
  const problems = [];
  for (const service of services) {
    for (const [name, { condition }] of dependencies(service)) {
      const other = byName.get(name);
      const fitting = other && (isOneShot(other) ? 'service_completed_successfully' : 'service_healthy');
      if (!other) problems.push(`${service.name}: it depends on ${name}, which is not there`);
      else if (condition !== fitting)
        problems.push(`${service.name}: it waits for ${name} by ${condition}, not ${fitting}`);
    }
  }
  const visit = (name, path) => {
    if (path.includes(name)) return [`depends_on goes in a circle: ${[...path, name].join(' → ')}`];
    return dependencies(byName.get(name) ?? {}).flatMap(([next]) => visit(next, [...path, name]));
  };
  return [...problems, ...new Set(services.flatMap(({ name }) => visit(name, [])))];
}

function mounts(tree, { services, volumes }) {
  const problems = [];
  const used = new Set();
  for (const service of services) {
    for (const mount of service.volumes ?? []) {
      const [source] = mount.split(':');
      if (source.startsWith('.')) {
        if (!tree.has(`deploy/${source.slice(2)}`)) problems.push(`${service.name}: there is no ${source} to mount`);
      } else {
        used.add(source);
        if (!(source in volumes)) problems.push(`${service.name}: the volume ${source} is not declared`);
      }
    }
  }
  return [
    ...problems,
    ...Object.keys(volumes)
      .filter((name) => !used.has(name))
      .map((name) => `nobody uses the volume ${name}`),
  ];
}

/** A service reaches what it waits for only through a network that both are on. */
function networks({ services, networks: declared }) {
  const problems = [];
  const of = (service) => (service.network_mode === 'none' ? [] : (service.networks ?? ['default']));
  for (const service of services) {
    for (const name of of(service))
      if (!(name in declared)) problems.push(`${service.name}: the network ${name} is not declared`);
    for (const [name] of dependencies(service)) {
      const other = services.find((each) => each.name === name);
      if (!other || isOneShot(other)) continue;
      if (!of(service).some((network) => of(other).includes(network))) {
        problems.push(`${service.name}: no network joins it with ${name}`);
      }
    }
  }
  return problems;
}

/** Only the page and the traces are reached from outside, and by default from this machine alone. */
function ports({ services }) {
  const published = services
    .flatMap((service) => (service.ports ?? []).map((port) => `${service.name} ${port}`))
    .sort();
  const expected = [
    'gateway ${PAGE_ADDRESS:-127.0.0.1}:${PAGE_PORT:-3000}:3000',
    'jaeger ${TRACES_ADDRESS:-127.0.0.1}:${TRACES_PORT:-16686}:16686',
  ];
  return published.join() === expected.join() ? [] : [`published are ${published.join(', ')}`];
}

/** A container is given the time that its process takes to end: calls, tasks, and the last spans. */
function endings(tree, { services }) {
  const grace = settingsInCode(tree).settings.find(({ name }) => name === 'LOQUAT_SHUTDOWN_GRACE_SECONDS');
  const needed = Number(grace.default) + 3;
  return services
    .filter((service) => folderOf(service) && !(Number.parseInt(service.stop_grace_period, 10) >= needed))
    .map(
      (service) => `${service.name}: stop_grace_period is ${service.stop_grace_period}; ending takes up to ${needed} s`,
    );
}

/** Tests and deployment run the same versions of the stores. */
function backendImages(tree, { services }) {
  const script = tree.text('deploy/lib/backends-docker.sh');
  return [...script.matchAll(/^\s*\[(\w+)\]=(\S+)$/gm)].flatMap(([, name, image]) => {
    const here = services.find((service) => service.name === name)?.image;
    return here?.replace(/-alpine$/, '') === image
      ? []
      : [`${name}: the image is ${here}; deploy/backends has ${image}`];
  });
}
