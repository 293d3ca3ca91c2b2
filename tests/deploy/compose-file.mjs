/** What deploy/compose.yaml says, with its anchors merged, and what it takes from the environment. */

import { parse } from 'yaml';

export const COMPOSE_FILE = 'deploy/compose.yaml';

/** Returns `{ services, networks, volumes, variables }`; a service has its `name` too. */
export function composeFile(tree) {
  const text = tree.text(COMPOSE_FILE);
  const file = parse(text, { merge: true, uniqueKeys: true });
  const services = Object.entries(file.services).map(([name, service]) => ({ name, ...service }));
  return { services, networks: file.networks ?? {}, volumes: file.volumes ?? {}, variables: variables(text) };
}

/** Returns each `${NAME}` or `${NAME:-default}` outside of comments. */
function variables(text) {
  const code = text.replace(/(^|\s)#.*$/gm, '$1');
  return [...code.matchAll(/\$\{(\w+)(?::-([^}]*))?\}/g)].map(([, name, fallback]) => ({ name, fallback }));
}

/** Runs to its end once, for others to wait for. */
export function isOneShot(service) {
  return service.restart === 'no';
}

/** Returns the service's folder below services/ if it is a process of ours that stays. */
export function folderOf(service) {
  return /^loquat-(\w+)$/.exec(service.command?.[0] ?? '')?.[1] ?? null;
}

export function dependencies(service) {
  return Object.entries(service.depends_on ?? {});
}
