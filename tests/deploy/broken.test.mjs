/** Each check fails on what it is there to find: one file is broken at a time, in memory. */

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
import { Tree } from './tree.mjs';

const whole = new Tree();
const compose = (before, after) => whole.with('deploy/compose.yaml', before, after);

/** The check says this of the broken tree, and not of the whole one. */
function finds(name, check, broken, said) {
  test(`${name} is found`, () => {
    const known = check(whole);
    const found = check(broken()).filter((problem) => !known.includes(problem));
    assert.ok(found.some((problem) => said.test(problem)), `it says ${JSON.stringify(found)}`);
  });
}

finds('an image without an exact tag', containerProblems, () => compose('redis:7.4.1', 'redis:latest'), /redis:latest has no exact tag/);
finds('another image than the tests use', containerProblems, () => compose('redis:7.4.1', 'redis:7.4.2'), /deploy\/backends has redis:7.4.1/);
finds('a missing health check', containerProblems, () => compose(/\n {4}healthcheck:\n.*\n {6}test: \[CMD, redis-cli.*\n/, '\n'), /redis: it has no health check/);
finds('a health check of another binary', containerProblems, () => compose('loquat-rooms, --check-health', 'loquat-users, --check-health'), /rooms: its health check does not ask its own/);
finds('a missing restart policy', containerProblems, () => compose('  restart: unless-stopped\n', ''), /users: restart is undefined/);
finds('a circle of dependencies', containerProblems, () => compose('      postgres: { condition: service_healthy }\n', '      postgres: { condition: service_healthy }\n      gateway: { condition: service_healthy }\n'), /circle: users → gateway → users/);
finds('a wait for what is not there', containerProblems, () => compose('      mongodb: { condition: service_healthy }\n', '      mongo: { condition: service_healthy }\n'), /depends on mongo, which is not there/);
finds('a wait by the wrong condition', containerProblems, () => compose('redis: { condition: service_healthy }', 'redis: { condition: service_started }'), /waits for redis by service_started/);
finds('an undeclared volume', containerProblems, () => compose('\n  mongodb-data:\n', '\n'), /volume mongodb-data is not declared/);
finds('an unused volume', containerProblems, () => compose('\n  mongodb-data:\n', '\n  mongodb-data:\n  more-data:\n'), /nobody uses the volume more-data/);
finds('a missing file to mount', containerProblems, () => whole.without('deploy/nats.conf'), /there is no \.\/nats\.conf/);
finds('a store that its service cannot reach', containerProblems, () => compose('networks: [services, redis, nats]', 'networks: [services, nats]'), /presence: no network joins it with redis/);
finds('a published store', containerProblems, () => compose('    networks: [postgres]\n', '    networks: [postgres]\n    ports: ["5432:5432"]\n'), /published are .*postgres 5432/);
finds('a grace period that is too short', containerProblems, () => compose('stop_grace_period: 10s', 'stop_grace_period: 5s'), /ending takes up to 8 s/);

finds('a tag that moves with each patch', containerProblems, () => compose('jaeger:2.20.0', 'jaeger:2.20'), /jaeger:2.20 has no exact tag/);

const health = (before, after) => whole.with('deploy/mongodb/health.js', before, after);
const nats = (before, after) => whole.with('deploy/nats.conf', before, after);
finds('a server in no replica set', backendContainerProblems, () => compose('--replSet, rs0, ', ''), /mongodb: it is in no replica set/);
finds('another replica set of the server', backendContainerProblems, () => compose('--replSet, rs0', '--replSet, rs1'), /makes the replica set rs0, mongodb is in rs1/);
finds('a URL without a replica set', backendContainerProblems, () => compose('?replicaSet=rs0', ''), /messages-1: LOQUAT_MESSAGES_STORE_URL names the replica set null, not rs0/);
finds('a URL of another replica set', backendContainerProblems, () => compose('replicaSet=rs0', 'replicaSet=rs1'), /names the replica set rs1, not rs0/);
finds('another replica set of the script', backendContainerProblems, () => health("_id: 'rs0'", "_id: 'rs1'"), /makes the replica set rs1/);
finds('a wrong member of the replica set', backendContainerProblems, () => health("'mongodb:27017'", "'localhost:27017'"), /names the member localhost:27017/);
finds('a server that listens to itself', backendContainerProblems, () => compose(', --bind_ip_all]', ']'), /it listens to itself alone/);
finds('data of PostgreSQL that is not kept', backendContainerProblems, () => compose('postgres-data:/var/lib/postgresql/data', 'postgres-data:/var/lib/postgres'), /no volume keeps \/var\/lib\/postgresql\/data/);
finds('data of MongoDB that is not kept', backendContainerProblems, () => compose('mongodb-data:/data/db', 'mongodb-data:/data'), /mongodb-?.*: no volume keeps \/data\/db/);
finds('a volume where nothing is kept', backendContainerProblems, () => compose('nats-data:/data', 'nats-data:/stream'), /mounted at \/stream, where the image keeps nothing/);
finds('a stream that is kept elsewhere', backendContainerProblems, () => nats('store_dir: "/data"', 'store_dir: "/tmp"'), /does not keep its stream in \/data/);
for (const [name, before] of [
  ['postgres', '[CMD, pg_isready, --quiet, --host=127.0.0.1, --username=postgres]'],
  ['mongodb', '[CMD, mongosh, --quiet, --norc, --file, /etc/loquat/health.js]'],
  ['redis', '[CMD, redis-cli, -e, ping]'],
  ['nats', '[CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8222/healthz?js-enabled-only=true"]'],
  ['jaeger', '[CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:13133/status"]'],
]) {
  finds(`a health check of ${name} that asks nothing`, backendContainerProblems, () => compose(before, '[CMD, "true"]'), new RegExp(`${name}: its health check is not`));
}
finds('a port of the bus that nobody asks', backendContainerProblems, () => nats('http: "127.0.0.1:8222"', 'http: "127.0.0.1:8223"'), /nats: its health check is not/);

finds('a page that nobody reaches', reachabilityProblems, () => compose('LOQUAT_LISTEN: 0.0.0.0:3000', 'LOQUAT_LISTEN: 127.0.0.1:3000'), /gateway: it listens on 127\.0\.0\.1:3000, where nobody outside/);
finds('a service that nobody reaches', reachabilityProblems, () => compose('LOQUAT_LISTEN: 0.0.0.0:4104', 'LOQUAT_LISTEN: 127.0.0.1:4104'), /presence: it listens on/);
finds('a published port that nobody listens on', reachabilityProblems, () => compose('LOQUAT_LISTEN: 0.0.0.0:3000', 'LOQUAT_LISTEN: 0.0.0.0:3001'), /gateway: it publishes 3000 and listens on 3001/);
finds('a flag', reachabilityProblems, () => compose('command: [loquat-gateway]', 'command: [loquat-gateway, --bogus]'), /its command is `loquat-gateway --bogus`/);
finds('a start before what is called', reachabilityProblems, () => compose('      presence: { condition: service_healthy }\n', ''), /gateway: it does not wait for presence/);
finds('a start before a store', reachabilityProblems, () => compose('      redis: { condition: service_healthy }\n', ''), /presence: it does not wait for redis/);
finds('a start before the database', reachabilityProblems, () => compose('      postgres: { condition: service_healthy }\n', ''), /users: it does not wait for postgres/);
finds('a start before the credentials', reachabilityProblems, () => compose('      certificates: { condition: service_completed_successfully }\n      mongodb', '      mongodb'), /messages-1: it does not wait for certificates/);
finds('a replica that nobody calls', reachabilityProblems, () => compose('https://messages-1:4103,https://messages-2:4103', 'https://messages-1:4103'), /gateway: LOQUAT_MESSAGES_URLS lacks messages-2/);
finds('a replica of something else', reachabilityProblems, () => compose('https://presence:4104', 'https://rooms:4102'), /names rooms, which is no presence service/);
finds('credentials that are not mounted', reachabilityProblems, () => compose('LOQUAT_TLS_KEY: /credentials/', 'LOQUAT_TLS_KEY: /secrets/'), /LOQUAT_TLS_KEY names \/secrets\/key.pem, which nothing mounts/);

finds('a setting that no code has', processSettingProblems, () => compose('LOQUAT_LOG_FORMAT:', 'LOQUAT_LOG_STYLE:'), /has no setting LOQUAT_LOG_STYLE/);
finds('a setting that must be set', processSettingProblems, () => compose('      LOQUAT_ROOMS_DATABASE_URL_FILE: /credentials/database-url\n', ''), /rooms: LOQUAT_ROOMS_DATABASE_URL must be set/);
finds('a wrong port of a peer', processSettingProblems, () => compose('https://users:4101', 'https://users:4102'), /users does not listen on 4102/);
finds('a peer without TLS', processSettingProblems, () => compose('https://rooms:4102', 'http://rooms:4102'), /rooms is reached by https alone/);
finds('an unknown peer', processSettingProblems, () => compose('https://rooms:4102', 'https://room:4102'), /room is no service/);
finds("another's credentials", processSettingProblems, () => compose('["rooms-credentials:/credentials:ro"]', '["users-credentials:/credentials:ro"]'), /rooms: it mounts users-credentials/);
finds('a setting that other services take for a misspelt one', processSettingProblems, () => whole.with('crates/runtime/src/settings/strangers.rs', '"GATEWAY_",', ''), /LOQUAT_GATEWAY_MAX_STREAMS in \.env is taken for a misspelt/);
finds('a variable without a default', processSettingProblems, () => compose('${PAGE_PORT:-3000}', '${PAGE_PORT}'), /PAGE_PORT\} has no default/);
finds('a variable that nothing describes', processSettingProblems, () => compose('${PAGE_PORT:-3000}', '${WEB_PORT:-3000}'), /WEB_PORT\} is no setting/);

const settings = 'crates/runtime/src/settings.rs';
const example = 'deploy/.env.example';
finds('a setting that the example lacks', envExampleProblems, () => whole.with(example, /^#LOQUAT_LOG=.*$/m, ''), /LOQUAT_LOG is in the code and not in the file/);
finds('a setting that the code lacks', envExampleProblems, () => whole.with(example, /^#LOQUAT_LOG=.*$/m, '#LOQUAT_LOUD=info'), /LOQUAT_LOUD is in the file and not in the code/);
finds('another default', envExampleProblems, () => whole.with(settings, 'default_value_t = 5', 'default_value_t = 9'), /LOQUAT_SHUTDOWN_GRACE_SECONDS: the file says/);
finds('another comment', envExampleProblems, () => whole.with(settings, '/// Address and port to listen on.', '/// Where to listen.'), /LOQUAT_LISTEN: the file says/);
finds('a setting that is new in the code', envExampleProblems, () => whole.with(settings, '    /// Address and port', '    /// New.\n    #[arg(long, env = "LOQUAT_NEW", default_value = "a")]\n    pub new: String,\n\n    /// Address and port'), /LOQUAT_NEW is in the code and not/);
finds('a setting that a macro declares', envExampleProblems, () => whole.with('crates/runtime/src/settings/peers.rs', '"LOQUAT_USERS_URLS"', '"LOQUAT_PEOPLE_URLS"'), /LOQUAT_PEOPLE_URLS is in the code and not/);
finds('a setting without a comment', envExampleProblems, () => whole.with(settings, '    /// Address and port to listen on.\n', ''), /LOQUAT_LISTEN has no comment/);
finds('an old table', configurationPageProblems, () => whole.with(settings, 'default_value_t = 5', 'default_value_t = 9'), /missing: \| `LOQUAT_SHUTDOWN_GRACE_SECONDS`/);

const page = (before, after) => whole.with('docs/operating.md', before, after);
finds('a wrong port on the page', operatingPageProblems, () => page('| rooms | 4102 |', '| rooms | 4103 |'), /rooms listens on 0\.0\.0\.0:4102, not 4103/);
finds('a container that the page lacks', operatingPageProblems, () => page('| redis | 6379', '| valkey | 6379'), /lacks redis/);
finds('a method that is not there', operatingPageProblems, () => page('RoomService/ListRooms', 'RoomService/GetRooms'), /no method loquat\.rooms\.v1\.RoomService\/GetRooms/);
finds('a setting on the page that is not there', operatingPageProblems, () => page('LOQUAT_OTLP_ENDPOINT', 'LOQUAT_OTEL_ENDPOINT'), /no setting LOQUAT_OTEL_ENDPOINT/);
finds('a file that is not there', operatingPageProblems, () => whole.without('deploy/certificates'), /there is no deploy\/certificates/);

const docker = (before, after) => whole.with('deploy/Dockerfile', before, after);
finds('a missing file to copy', dockerfileProblems, () => docker('web/package-lock.json', 'web/yarn.lock'), /web\/yarn\.lock, which is not there/);
finds('a file that .dockerignore leaves out', dockerfileProblems, () => whole.with('.dockerignore', '!third_party\n', ''), /third_party, which \.dockerignore leaves out/);
finds('a stage that is not there', dockerfileProblems, () => docker('--from=binaries', '--from=builder'), /builder, which is no stage/);
finds('an inexact base image', dockerfileProblems, () => docker('debian:12.12-slim', 'debian:stable-slim'), /debian:stable-slim: the tag is not exact/);
finds('a base image that moves', dockerfileProblems, () => docker('rust:1.95.0-bookworm', 'rust:1.95-bookworm'), /rust:1.95-bookworm: the tag is not exact/);
finds('a binary that is not built', dockerfileProblems, () => docker('--package loquat-presence', ''), /loquat-presence is not built/);
finds('a member of the workspace that is not copied', dockerfileProblems, () => docker('COPY xtask xtask\n', ''), /workspace's xtask is not copied/);
finds('an image that runs as root', dockerfileProblems, () => docker('USER loquat\n', ''), /it runs as root/);

const launch = (before, after) => whole.with('.vscode/launch.json', before, after);
finds('a crate that is not there', editorProblems, () => launch('"loquat-ids"', '"loquat-id"'), /there is no crate loquat-id$/);
finds('another binary', editorProblems, () => launch('"--bin", "loquat"', '"--bin", "lychee"'), /not lychee/);
finds('an editor that only attaches', editorProblems, () => launch('"request": "launch"', '"request": "attach"'), /server: it does not start what it debugs/);
finds('a page that the editor only attaches to', editorProblems, () => launch(/"chrome",\n {6}"request": "launch"/, '"chrome",\n      "request": "attach"'), /page: it does not start/);
finds('a build that leaves nothing to debug', editorProblems, () => launch('"args": ["build"', '"args": ["check"'), /`cargo check --package loquat-standalone --bin loquat` leaves nothing/);
finds('tests that cargo runs itself', editorProblems, () => launch('"--no-run", ', ''), /leaves nothing to debug/);
finds('a wrong port of the page', editorProblems, () => launch('localhost:5173', 'localhost:5174'), /the page is at http:\/\/localhost:5173, not at http:\/\/localhost:5174/);
finds('a task that is not there', editorProblems, () => launch('page: serve', 'page: run'), /there is no task page: run/);
finds('a part of a compound that is not there', editorProblems, () => launch('["server", "page"]', '["server", "web"]'), /there is no web/);
finds('an unknown variable', editorProblems, () => launch('"LOQUAT_LOG"', '"LOQUAT_LOUD"'), /no setting LOQUAT_LOUD/);
finds('a script that is not there', editorProblems, () => whole.with('.vscode/tasks.json', '"dev"', '"develop"'), /there is no script develop/);
test('a launch.json that is no JSON is found', () => {
  assert.throws(() => editorProblems(launch('"version": "0.2.0",', '"version" "0.2.0",')), SyntaxError);
});
test('a compose file that is no YAML is found', () => {
  assert.throws(() => containerProblems(compose('services:\n', 'services: [\n')));
});
