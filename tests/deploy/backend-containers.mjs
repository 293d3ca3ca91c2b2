/** Whether each store, the bus and Jaeger keep their data where it is mounted, and are asked for their health themselves. */

import { COMPOSE_FILE, composeFile } from './compose-file.mjs';

const HEALTH_SCRIPT = 'deploy/mongodb/health.js';
const NATS_CONFIG = 'deploy/nats.conf';

/** Where each image keeps what must outlive a container, as its documentation says. */
const DATA_FOLDERS = {
  postgres: ['/var/lib/postgresql/data'],
  mongodb: ['/data/db', '/data/configdb'],
  nats: ['/data'],
  redis: [],
  jaeger: [],
};

export function backendContainerProblems(tree) {
  const { services } = composeFile(tree);
  const backends = services.filter(({ name }) => name in DATA_FOLDERS);
  return [
    ...backends.flatMap((service) => data(service)),
    ...backends.flatMap((service) => health(service, tree)),
    ...natsConfiguration(tree),
    ...replicaSet(services, tree),
  ].map((problem) => `${COMPOSE_FILE}: ${problem}`);
}

const mountsOf = (service) =>
  (service.volumes ?? []).map((mount) => {
    const [source, target] = mount.split(':');
    return { source, target };
  });

/** A data folder that no volume covers goes with its container; a volume elsewhere keeps nothing. */
function data(service) {
  const volumes = mountsOf(service).filter(({ source }) => source.startsWith(`${service.name}-`));
  const kept = volumes.filter(({ source }) => !source.endsWith('-credentials')).map(({ target }) => target);
  const wanted = DATA_FOLDERS[service.name];
  return [
    ...wanted.filter((folder) => !kept.includes(folder)).map((folder) => `${service.name}: no volume keeps ${folder}`),
    ...kept
      .filter((folder) => !wanted.includes(folder))
      .map((folder) => `${service.name}: a volume is mounted at ${folder}, where the image keeps nothing`),
  ];
}

/** What each is asked by: its own client, or its own page of health. */
function health(service, tree) {
  const monitoring = /^http: "([^"]+)"$/m.exec(tree.text(NATS_CONFIG))?.[1];
  const script = mountsOf(service).find(({ source }) => `deploy/${source.slice(2)}` === HEALTH_SCRIPT)?.target;
  const wanted = {
    postgres: 'pg_isready --quiet --host=127.0.0.1 --username=postgres',
    mongodb: `mongosh --quiet --norc --file ${script}`,
    redis: 'redis-cli -e ping',
    nats: `wget -q -O /dev/null http://${monitoring}/healthz?js-enabled-only=true`,
    jaeger: 'wget -q -O /dev/null http://127.0.0.1:13133/status',
  }[service.name];
  const [kind, ...words] = service.healthcheck?.test ?? [];
  return kind === 'CMD' && words.join(' ') === wanted
    ? []
    : [`${service.name}: its health check is not \`${wanted}\` by CMD`];
}

function natsConfiguration(tree) {
  const text = tree.text(NATS_CONFIG);
  const [store] = DATA_FOLDERS.nats;
  return [
    ...(text.includes(`store_dir: "${store}"`) ? [] : [`nats: its configuration does not keep its stream in ${store}`]),
    ...(/^listen: "0\.0\.0\.0:4222"$/m.test(text) ? [] : ['nats: its configuration does not listen on 0.0.0.0:4222']),
  ];
}

/** One name of the set in the server, in the script that makes it and in every URL; its one member by the URL's host. */
function replicaSet(services, tree) {
  const server = services.find(({ name }) => name === 'mongodb');
  const words = server?.command ?? [];
  const name = words.includes('--replSet') ? words[words.indexOf('--replSet') + 1] : undefined;
  const problems = name ? [] : ['mongodb: it is in no replica set (--replSet)'];
  if (!words.includes('--bind_ip_all')) problems.push('mongodb: it listens to itself alone (--bind_ip_all)');

  const script = tree.text(HEALTH_SCRIPT);
  const made = /rs\.initiate\(\{ _id: '(\w+)', members: \[\{ _id: 0, host: member \}\] \}\)/.exec(script)?.[1];
  const member = /^const member = '([^']+)';$/m.exec(script)?.[1];
  if (made !== name) problems.push(`${HEALTH_SCRIPT} makes the replica set ${made}, mongodb is in ${name}`);
  for (const service of services) {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (!String(value).startsWith('mongodb:')) continue;
      const url = new URL(value);
      const said = url.searchParams.get('replicaSet');
      if (said !== name) problems.push(`${service.name}: ${variable} names the replica set ${said}, not ${name}`);
      if (url.host !== member) problems.push(`${HEALTH_SCRIPT} names the member ${member}, ${variable} ${url.host}`);
    }
  }
  return problems;
}
