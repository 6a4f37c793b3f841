import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { connectEngine } from './dockerode-engine.js';
import type { Engine } from './engine.js';
import type { EngineTransport } from './engine-endpoint.js';
import { EngineError } from './engine-error.js';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

interface FakeEngine {
  readonly folder: string;
  readonly socket: string;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  readonly bodies: string[];
  readonly engine: Engine;
}

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
};

/** A server on a Unix socket that answers as an engine would; what `answers` does not know is 404. */
async function fakeEngine(t: TestContext, answers: Readonly<Record<string, Answer>>): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-engine-'));
  const socket = join(folder, 'docker.sock');
  const requests: string[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += String(bytes);
    });
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`);
      bodies.push(body);
      const path = request.url?.split('?')[0] ?? '';
      const answer = answers[`${request.method} ${path}`];
      if (answer === undefined) json(response, 404, { message: `No such thing: ${path}` });
      else answer(request, response, body);
    });
  });
  server.on('upgrade', (request, connection) => {
    requests.push(`${request.method} ${request.url}`);
    connection.end('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nframes');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  return { folder, socket, requests, bodies, engine: engineAt({ kind: 'socket', path: socket }) };
}

function engineAt(transport: EngineTransport): Engine {
  return connectEngine({ transport, address: 'the test', chosenBy: 'the test', apiVersion: null });
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const bytes of stream) text += String(bytes);
  return text;
}

const failing =
  (failure: string, why: RegExp, hint: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof EngineError);
    assert.equal(error.failure, failure);
    assert.match(error.why, why);
    assert.match(error.hint, hint);
    return true;
  };

const INFO: Answer = (_request, response) =>
  json(response, 200, {
    Name: 'h',
    OperatingSystem: 'Linux',
    KernelVersion: '6',
    DockerRootDir: '/r',
    SecurityOptions: ['name=seccomp', 'name=rootless'],
  });
const VERSION: Answer = (_request, response) => json(response, 200, { Version: '24.0.1', ApiVersion: '1.43' });

test('facts come from info and version', async (t) => {
  const { engine } = await fakeEngine(t, { 'GET /info': INFO, 'GET /version': VERSION });
  assert.deepEqual(await engine.facts(), {
    version: '24.0.1',
    apiVersion: '1.43',
    operatingSystem: 'Linux',
    kernelVersion: '6',
    hostName: 'h',
    rootDirectory: '/r',
    rootless: true,
  });
});

test('a container is listed under its own name, not a link’s', async (t) => {
  const { engine } = await fakeEngine(t, {
    'GET /containers/json': (_request, response) =>
      json(response, 200, [{ Id: 'a', Names: ['/web/db', '/db'], Image: 'i', State: 'running', Labels: null }]),
  });
  assert.deepEqual(await engine.containers(), [{ id: 'a', name: 'db', image: 'i', state: 'running', labels: {} }]);
});

test('what is gone inspects as null, and its log is an error that says so', async (t) => {
  const { engine } = await fakeEngine(t, {});
  assert.equal(await engine.inspectContainer('gone'), null);
  assert.equal(await engine.inspectNetwork('gone'), null);
  await assert.rejects(engine.logs('gone', { follow: false, since: null, tail: null }), failing('gone', /No such thing/, /nodes/));
});

test('a log is a stream, followed or not, from a stamp on', async (t) => {
  const { engine, requests } = await fakeEngine(t, { 'GET /containers/a/logs': (_request, response) => response.end('lines') });
  assert.equal(await textOf(await engine.logs('a', { follow: false, since: null, tail: 5 })), 'lines');
  assert.equal(await textOf(await engine.logs('a', { follow: true, since: '12.000000034', tail: null })), 'lines');
  assert.match(requests[0] ?? '', /follow=0&tail=5&?$/);
  assert.match(requests[1] ?? '', /timestamps=1&follow=1&tail=all&since=12\.000000034&?$/);
});

test('an unreadable log driver is told as that', async (t) => {
  const { engine } = await fakeEngine(t, {
    'GET /containers/a/logs': (_request, response) => json(response, 500, { message: 'configured logging driver does not support reading' }),
  });
  await assert.rejects(engine.logs('a', { follow: true, since: null, tail: null }), failing('refused', /does not support reading/, /json-file/));
});

test('events are asked of containers and networks', async (t) => {
  const { engine, requests } = await fakeEngine(t, { 'GET /events': (_request, response) => response.end('{"Action":"start"}\n') });
  assert.equal(await textOf(await engine.events('7.5')), '{"Action":"start"}\n');
  const url = new URL(requests[0]?.split(' ')[1] ?? '', 'http://engine');
  assert.deepEqual(JSON.parse(url.searchParams.get('filters') ?? ''), { type: ['container', 'network'] });
  assert.equal(url.searchParams.get('since'), '7.5');
});

test('a sidecar is made without rights, attached before it starts, and removed once', async (t) => {
  const { engine, requests, bodies } = await fakeEngine(t, {
    'POST /containers/create': (_request, response) => json(response, 201, { Id: 'side' }),
    'POST /containers/side/start': (_request, response) => response.writeHead(204).end(),
    'POST /containers/side/kill': (_request, response) => json(response, 409, { message: 'Container side is not running' }),
    'POST /containers/side/wait': (_request, response) => json(response, 200, { StatusCode: 3 }),
    'DELETE /containers/side': (_request, response) => json(response, 409, { message: 'removal of container side is already in progress' }),
  });
  const sidecar = await engine.startSidecar({
    image: 'dump',
    command: ['tcpdump', '-w', '-'],
    networkMode: 'host',
    capabilities: ['NET_RAW'],
    labels: { mine: 'yes' },
  });
  assert.equal(await textOf(sidecar.output), 'frames');
  await sidecar.signal('SIGINT');
  assert.deepEqual(await sidecar.wait(), { exitCode: 3 });
  await sidecar.remove();
  await sidecar.remove();
  const paths = requests.map((request) => request.split('?')[0]);
  assert.deepEqual(paths.slice(0, 3), ['POST /containers/create', 'POST /containers/side/attach', 'POST /containers/side/start']);
  assert.equal(paths.filter((path) => path === 'DELETE /containers/side').length, 1);
  const order = JSON.parse(bodies[0] ?? '');
  assert.deepEqual(order.HostConfig, {
    NetworkMode: 'host',
    LogConfig: { Type: 'none', Config: {} },
    CapDrop: ['ALL'],
    CapAdd: ['NET_RAW'],
    AutoRemove: false,
  });
  assert.deepEqual(order.Labels, { mine: 'yes' });
});

test('a sidecar that cannot start is removed', async (t) => {
  const { engine, requests } = await fakeEngine(t, {
    'POST /containers/create': (_request, response) => json(response, 201, { Id: 'side' }),
    'POST /containers/side/start': (_request, response) => json(response, 400, { message: 'no tcpdump' }),
    'DELETE /containers/side': (_request, response) => response.writeHead(204).end(),
  });
  const order = { image: 'dump', command: ['tcpdump'], networkMode: 'none', capabilities: [], labels: {} };
  await assert.rejects(engine.startSidecar(order), failing('refused', /no tcpdump/, /doctor/));
  assert.ok(requests.some((request) => request.startsWith('DELETE /containers/side')));
});

test('a pull that fails in its progress fails', async (t) => {
  const { engine } = await fakeEngine(t, {
    'POST /images/create': (_request, response) => response.end('{"status":"Pulling"}\n{"error":"no such host"}\n'),
  });
  await assert.rejects(engine.pull('far/away:1'), failing('refused', /no such host/, /./));
});

test('an engine that cannot be reached: each cause has its hint', async (t) => {
  const { folder } = await fakeEngine(t, {});
  await assert.rejects(
    engineAt({ kind: 'socket', path: join(folder, 'none.sock') }).containers(),
    failing('unreachable', /no socket/, /start Docker/),
  );
  await assert.rejects(
    engineAt({ kind: 'tcp', host: '127.0.0.1', port: 1, tls: null }).containers(),
    failing('unreachable', /nothing listens on port 1/, /2376/),
  );
  const plain = createTcpServer((connection) => connection.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  t.after(() => plain.close());
  const address = plain.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await assert.rejects(
    engineAt({ kind: 'tcp', host: '127.0.0.1', port, tls: { ca: null, certificate: null, key: null, verify: true } }).containers(),
    failing('unreachable', /does not speak TLS/, /DOCKER_TLS_VERIFY/),
  );
});

test('an API version the engine does not speak is told', async (t) => {
  const { socket } = await fakeEngine(t, {
    'GET /v1.99/networks': (_request, response) =>
      json(response, 400, { message: 'client version 1.99 is too new. Maximum supported API version is 1.41' }),
  });
  const engine = connectEngine({ transport: { kind: 'socket', path: socket }, address: 'the test', chosenBy: 'the test', apiVersion: '1.99' });
  await assert.rejects(engine.networks(), failing('refused', /too new/, /DOCKER_API_VERSION/));
});

/** Puts an `ssh` in front of the PATH. */
function fakeSsh(t: TestContext, folder: string, script: string): void {
  const path = join(folder, 'ssh');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder}:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
  });
}

const FAR: EngineTransport = { kind: 'ssh', host: 'far', user: 'me', port: 2222, socketPath: null };

test('over ssh: the user’s own client carries requests, streams and attachments', async (t) => {
  const { folder, socket } = await fakeEngine(t, {
    'GET /info': INFO,
    'GET /version': VERSION,
    'GET /containers/a/logs': (_request, response) => response.end('x'.repeat(300_000)),
    'POST /containers/create': (_request, response) => json(response, 201, { Id: 'side' }),
    'POST /containers/side/start': (_request, response) => response.writeHead(204).end(),
    'DELETE /containers/side': (_request, response) => response.writeHead(204).end(),
  });
  const relay = join(folder, 'relay.mjs');
  writeFileSync(
    relay,
    `import { connect } from 'node:net'; const s = connect(${JSON.stringify(socket)}); process.stdin.pipe(s); s.pipe(process.stdout); s.on('close', () => process.exit(0));`,
  );
  fakeSsh(t, folder, `echo "$@" >> ${folder}/calls\nexec ${process.execPath} ${relay}`);
  const engine = engineAt(FAR);
  assert.equal((await engine.facts()).version, '24.0.1');
  assert.equal((await textOf(await engine.logs('a', { follow: true, since: null, tail: null }))).length, 300_000);
  const sidecar = await engine.startSidecar({ image: 'i', command: ['c'], networkMode: 'none', capabilities: [], labels: {} });
  assert.equal(await textOf(sidecar.output), 'frames');
  await sidecar.remove();
  const [call] = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
  assert.equal(call, '-o ConnectTimeout=15 -T -l me -p 2222 -- far docker system dial-stdio');
});

test('over ssh: what ssh complains of is what the user reads', async (t) => {
  const { folder } = await fakeEngine(t, {});
  fakeSsh(t, folder, 'echo "me@far: Permission denied (publickey)." >&2; exit 255');
  await assert.rejects(engineAt(FAR).containers(), failing('unreachable', /Permission denied \(publickey\)/, /ssh -p 2222 me@far docker version/));
});
