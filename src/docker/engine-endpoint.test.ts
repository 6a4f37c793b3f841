import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { OperationalError } from '../recording/operational-error.js';
import { type ClientSurroundings, type EngineEndpoint, resolveEngineEndpoint } from './engine-endpoint.js';

interface Home {
  readonly folder: string;
  resolve(environment: Readonly<Record<string, string>>, dockerHost?: string): EngineEndpoint;
}

/** A home folder of its own, whose engine socket is `docker.sock` in it. */
function homeFor(t: TestContext, platform: NodeJS.Platform = 'linux'): Home {
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-home-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const surroundings = (environment: Readonly<Record<string, string>>): ClientSurroundings => ({
    environment,
    homeFolder: folder,
    platform,
    defaultSocket: join(folder, 'docker.sock'),
  });
  return { folder, resolve: (environment, dockerHost) => resolveEngineEndpoint(surroundings(environment), dockerHost ?? null) };
}

function write(...parts: readonly [...string[], string]): void {
  const text = parts.at(-1) as string;
  const path = join(...parts.slice(0, -1));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

function addContext(config: string, name: string, endpoint: object, tls: Readonly<Record<string, string>> = {}): void {
  const digest = createHash('sha256').update(name).digest('hex');
  write(config, 'contexts', 'meta', digest, 'meta.json', JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: endpoint } }));
  for (const [file, text] of Object.entries(tls)) write(config, 'contexts', 'tls', digest, 'docker', file, text);
}

test('nothing configured: the default socket, else the first of the others that is there', (t) => {
  const { folder, resolve } = homeFor(t);
  assert.deepEqual(resolve({}).transport, { kind: 'socket', path: join(folder, 'docker.sock') });
  write(folder, '.docker', 'desktop', 'docker.sock', '');
  assert.deepEqual(resolve({}).transport, { kind: 'socket', path: join(folder, '.docker', 'desktop', 'docker.sock') });
  write(folder, 'run', 'docker.sock', '');
  assert.deepEqual(resolve({ XDG_RUNTIME_DIR: join(folder, 'run') }).transport, { kind: 'socket', path: join(folder, 'run', 'docker.sock') });
  write(folder, 'docker.sock', '');
  assert.deepEqual(resolve({ XDG_RUNTIME_DIR: join(folder, 'run') }).transport, { kind: 'socket', path: join(folder, 'docker.sock') });
});

test('on Windows the default is a named pipe', (t) => {
  assert.equal(homeFor(t, 'win32').resolve({}).address, 'npipe:////./pipe/docker_engine');
});

test('the order is the client’s: option, DOCKER_HOST, DOCKER_CONTEXT, currentContext, default', (t) => {
  const { folder, resolve } = homeFor(t);
  const config = join(folder, '.docker');
  write(config, 'config.json', JSON.stringify({ currentContext: 'current' }));
  addContext(config, 'current', { Host: 'tcp://current:1' });
  addContext(config, 'asked', { Host: 'tcp://asked:2' });
  const environment = { DOCKER_CONTEXT: 'asked', DOCKER_HOST: 'tcp://host:3' };
  assert.equal(resolve(environment, 'tcp://option:4').address, 'tcp://option:4');
  assert.equal(resolve(environment).address, 'tcp://host:3');
  assert.equal(resolve({ ...environment, DOCKER_HOST: '' }).address, 'tcp://asked:2');
  assert.equal(resolve({}).address, 'tcp://current:1');
  assert.equal(resolve({ DOCKER_CONTEXT: 'default' }).address, `unix://${join(folder, 'docker.sock')}`);
});

test('DOCKER_CONFIG moves the contexts', (t) => {
  const { folder, resolve } = homeFor(t);
  const config = join(folder, 'elsewhere');
  addContext(config, 'far', { Host: 'ssh://me@far' });
  assert.equal(resolve({ DOCKER_CONFIG: config, DOCKER_CONTEXT: 'far' }).address, 'ssh://me@far');
});

test('a context that is not there is an error that names it', (t) => {
  const { resolve } = homeFor(t);
  assert.throws(
    () => resolve({ DOCKER_CONTEXT: 'gone' }),
    (error) => error instanceof OperationalError && /"gone"/.test(error.what) && /does not exist/.test(error.why),
  );
});

test('a context brings its own TLS, and the environment’s does not reach it', (t) => {
  const { folder, resolve } = homeFor(t);
  const config = join(folder, '.docker');
  addContext(config, 'tls', { Host: 'tcp://far:2376', SkipTLSVerify: false }, { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' });
  addContext(config, 'skip', { Host: 'tcp://far:2376', SkipTLSVerify: true });
  addContext(config, 'plain', { Host: 'tcp://far:2375' });
  const tlsOf = (name: string): unknown => {
    const { transport } = resolve({ DOCKER_CONTEXT: name, DOCKER_TLS: '1' });
    return transport.kind === 'tcp' ? transport.tls : 'not tcp';
  };
  assert.deepEqual(tlsOf('tls'), { ca: 'CA', certificate: 'CERT', key: 'KEY', verify: true });
  assert.deepEqual(tlsOf('skip'), { ca: null, certificate: null, key: null, verify: false });
  assert.equal(tlsOf('plain'), null);
});

test('DOCKER_TLS_VERIFY verifies with DOCKER_CERT_PATH, DOCKER_TLS does not verify', (t) => {
  const { folder, resolve } = homeFor(t);
  write(folder, 'certs', 'ca.pem', 'CA');
  const environment = { DOCKER_HOST: 'tcp://far', DOCKER_CERT_PATH: join(folder, 'certs') };
  const tls = { ca: 'CA', certificate: null, key: null };
  assert.deepEqual(resolve({ ...environment, DOCKER_TLS_VERIFY: '1' }).transport, {
    kind: 'tcp',
    host: 'far',
    port: 2375,
    tls: { ...tls, verify: true },
  });
  assert.deepEqual(resolve({ ...environment, DOCKER_TLS: '1' }).transport, { kind: 'tcp', host: 'far', port: 2375, tls: { ...tls, verify: false } });
  assert.equal(resolve({ DOCKER_TLS: '1' }).address, 'tcp://localhost:2376');
  assert.throws(() => resolve({ DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1' }), OperationalError);
});

test('addresses of every kind', (t) => {
  const { folder, resolve } = homeFor(t);
  const transport = (host: string): unknown => resolve({ DOCKER_HOST: host }).transport;
  assert.deepEqual(transport('unix:///run/x.sock'), { kind: 'socket', path: '/run/x.sock' });
  assert.deepEqual(transport('/run/x.sock'), { kind: 'socket', path: '/run/x.sock' });
  assert.deepEqual(transport('unix://'), { kind: 'socket', path: join(folder, 'docker.sock') });
  assert.deepEqual(transport('npipe:////./pipe/other'), { kind: 'socket', path: '//./pipe/other' });
  assert.deepEqual(transport('far'), { kind: 'tcp', host: 'far', port: 2375, tls: null });
  assert.deepEqual(transport('tcp://:99'), { kind: 'tcp', host: 'localhost', port: 99, tls: null });
  assert.deepEqual(transport('tcp://'), { kind: 'tcp', host: 'localhost', port: 2375, tls: null });
  assert.deepEqual(transport('http://[::1]:80'), { kind: 'tcp', host: '::1', port: 80, tls: null });
  assert.deepEqual(transport('https://far:443'), {
    kind: 'tcp',
    host: 'far',
    port: 443,
    tls: { ca: null, certificate: null, key: null, verify: true },
  });
  assert.deepEqual(transport('ssh://me@far:22/run/docker.sock'), { kind: 'ssh', host: 'far', user: 'me', port: 22, socketPath: '/run/docker.sock' });
  assert.deepEqual(transport('ssh://far'), { kind: 'ssh', host: 'far', user: null, port: null, socketPath: null });
});

test('addresses that no client can use are errors, and never show a password', (t) => {
  const { resolve } = homeFor(t);
  for (const host of ['fd://', 'ftp://far', 'tcp://far:99999', 'tcp://far/path', 'ssh://', 'ssh://me:hush@far', 'ssh://far?x=1'])
    assert.throws(
      () => resolve({ DOCKER_HOST: host }),
      (error) => error instanceof OperationalError && !/hush/.test(`${error.what} ${error.why} ${error.hint}`),
      host,
    );
  assert.equal(resolve({ DOCKER_HOST: 'tcp://me:hush@far:1' }).address, 'tcp://far:1');
});

test('DOCKER_API_VERSION is kept, with or without v', (t) => {
  const { resolve } = homeFor(t);
  assert.equal(resolve({ DOCKER_API_VERSION: 'v1.41' }).apiVersion, '1.41');
  assert.equal(resolve({}).apiVersion, null);
});
