/** deploy/certificates and deploy/passwords make what the processes and the stores can use. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { has, run, scratch } from './programs.mjs';

const services = ['users', 'rooms', 'messages', 'presence', 'gateway'];
const day = 24 * 60 * 60 * 1000;

function make(folder, ...names) {
  const made = run('deploy/certificates', [folder, ...names]);
  assert.equal(made.status, 0, made.stderr);
  return made.stdout;
}

const pem = (folder, service) => ({
  ca: readFileSync(join(folder, service, 'authority.pem')),
  cert: readFileSync(join(folder, service, 'certificate.pem')),
  key: readFileSync(join(folder, service, 'key.pem')),
});

test('a certificate comes from the authority and names its service first', (t) => {
  const folder = scratch(t);
  make(folder);
  const authority = new X509Certificate(readFileSync(join(folder, 'authority/authority.pem')));
  assert.ok(authority.ca);
  for (const service of services) {
    const verified = run('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      join(folder, service, 'authority.pem'),
      join(folder, service, 'certificate.pem'),
    ]);
    assert.equal(verified.status, 0, verified.stderr);
    const certificate = new X509Certificate(pem(folder, service).cert);
    assert.equal(certificate.subjectAltName.split(', ')[0], `DNS:${service}`);
    assert.ok(certificate.verify(authority.publicKey) && !certificate.ca);
    assert.equal(statSync(join(folder, service, 'key.pem')).mode & 0o777, 0o600);
  }
});

test('the certificates serve both ends of mutual TLS, by the name of the service', async (t) => {
  const folder = scratch(t);
  make(folder);
  const foreign = scratch(t);
  make(foreign, 'gateway');
  const server = createServer({ ...pem(folder, 'users'), requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on('error', () => {});
    socket.end(socket.getPeerCertificate().subjectaltname);
  });
  t.after(() => server.close());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  /** Connects as somebody to the service of that name; resolves with whom the server met. */
  const call = (credentials, servername) =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: server.address().port, host: '127.0.0.1', servername, ...credentials });
      let met = '';
      socket.on('data', (chunk) => (met += chunk));
      socket.on('end', () => (met ? resolve(met) : reject(new Error('the server hung up'))));
      socket.on('error', reject);
    });
  assert.equal(await call(pem(folder, 'gateway'), 'users'), 'DNS:gateway');
  await assert.rejects(call(pem(folder, 'gateway'), 'rooms'), /ERR_TLS_CERT_ALTNAME_INVALID|altnames/);
  await assert.rejects(call({ ca: pem(folder, 'gateway').ca }, 'users'), undefined, 'nobody in particular');
  await assert.rejects(
    call({ ...pem(foreign, 'gateway'), ca: pem(folder, 'gateway').ca }, 'users'),
    undefined,
    "another authority's",
  );
});

test('what is there and good stays, and the rest is made anew', (t) => {
  const folder = scratch(t);
  make(folder);
  const first = pem(folder, 'rooms');
  assert.equal(make(folder), '');
  assert.deepEqual(pem(folder, 'rooms'), first);

  const copy = scratch(t);
  cpSync(folder, copy, { recursive: true });
  rmSync(join(copy, 'authority'), { recursive: true });
  assert.equal(make(copy).trim().split('\n').length, 1 + services.length, 'of another authority');

  writeFileSync(join(folder, 'rooms/certificate.pem'), 'half wr');
  assert.equal(make(folder), `made ${folder}/rooms\n`, 'half written');
  assert.ok(new X509Certificate(pem(folder, 'rooms').cert).validTo);

  shorten(folder, 'rooms', 20);
  assert.equal(make(folder), `made ${folder}/rooms\n`, 'about to end');
  assert.ok(Date.parse(new X509Certificate(pem(folder, 'rooms').cert).validTo) > Date.now() + 390 * day);
});

/** Gives a service a certificate that ends soon. */
function shorten(folder, service, days) {
  const at = (...path) => join(folder, ...path);
  const request = run('openssl', [
    'req',
    '-new',
    '-key',
    at(service, 'key.pem'),
    '-subj',
    `/CN=${service}`,
    '-out',
    at('request.pem'),
  ]);
  assert.equal(request.status, 0, request.stderr);
  const signed = run('openssl', [
    ...[
      'x509',
      '-req',
      '-in',
      at('request.pem'),
      '-days',
      `${days}`,
      '-set_serial',
      '1',
      '-out',
      at(service, 'certificate.pem'),
    ],
    ...['-CA', at('authority/authority.pem'), '-CAkey', at('authority/key.pem')],
  ]);
  assert.equal(signed.status, 0, signed.stderr);
}

test('a wrong call of the scripts is refused', () => {
  for (const script of ['deploy/certificates', 'deploy/passwords']) {
    assert.equal(run(script, []).status, 64);
    assert.equal(run(script, ['--unheard-of']).status, 64);
    assert.equal(run(script, ['--help']).status, 0);
  }
  assert.notEqual(run('deploy/certificates', ['/nonexistent', '../users']).status, 0);
});

test('passwords are made once and agree', (t) => {
  const folder = scratch(t);
  const make = () => run('deploy/passwords', [folder]);
  assert.equal(make().status, 0);
  const passwords = new Set();
  for (const service of ['users', 'rooms']) {
    const url = new URL(readFileSync(join(folder, service, 'database-url'), 'utf8').trim());
    const password = readFileSync(join(folder, 'postgres', service), 'utf8').trim();
    assert.equal(url.password, password);
    assert.deepEqual(
      [url.username, url.pathname, url.host],
      [`loquat_${service}`, `/loquat_${service}`, 'postgres:5432'],
    );
    assert.equal(statSync(join(folder, service, 'database-url')).mode & 0o777, 0o400);
    passwords.add(password);
  }
  passwords.add(readFileSync(join(folder, 'postgres/administrator'), 'utf8').trim());
  assert.equal(passwords.size, 3);
  assert.deepEqual([make().status, make().stdout], [0, '']);
});

const database = process.env.LOQUAT_TEST_POSTGRES_URL;
const missing = database ? !has('psql') && 'no psql' : 'no LOQUAT_TEST_POSTGRES_URL';
test('PostgreSQL gives each service a database that the other does not enter', { skip: missing }, (t) => {
  const { hostname, port, username, password } = new URL(database);
  const env = {
    ...process.env,
    PGHOST: hostname,
    PGPORT: port || '5432',
    POSTGRES_USER: username,
    PGPASSWORD: password,
  };
  const folder = scratch(t);
  run('deploy/passwords', [folder]);
  const drop = () => {
    for (const service of ['users', 'rooms']) {
      for (const kind of ['DATABASE', 'ROLE']) {
        run('psql', ['-qX', '-U', username, '-d', 'postgres', '-c', `DROP ${kind} IF EXISTS loquat_${service}`], {
          env,
        });
      }
    }
  };
  drop();
  t.after(drop);
  const made = run('deploy/postgres/create-databases.sh', [join(folder, 'postgres')], { env });
  assert.equal(made.status, 0, made.stderr);
  const enter = (service, name) => {
    const own = { ...env, PGPASSWORD: readFileSync(join(folder, 'postgres', service), 'utf8').trim() };
    return (
      run('psql', ['-qX', '-U', `loquat_${service}`, '-d', `loquat_${name}`, '-c', 'CREATE TABLE t ()'], { env: own })
        .status === 0
    );
  };
  assert.ok(enter('users', 'users') && enter('rooms', 'rooms'));
  assert.ok(!enter('users', 'rooms') && !enter('rooms', 'users'));
});
