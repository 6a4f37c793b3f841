import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, test } from 'node:test';
import { until } from '../../../test/until.js';
import type { LiveState } from '../../report/live/messages.js';
import { type LiveContent, LiveServer, type LiveServerOptions } from './live-server.js';

const STATE: LiveState = {
  status: {
    state: 'recording',
    recording: 'x',
    from: null,
    to: null,
    lines: 0,
    packets: null,
    packetsPerSecond: null,
    packetsDropped: null,
    troubles: [],
    report: null,
  },
  sections: [],
  charts: [],
  entries: [],
};

const CONTENT: LiveContent = {
  page: { text: '<!DOCTYPE html>page', policy: "default-src 'none'" },
  state: () => STATE,
  report: async () => null,
  analysis: async () => '{}',
  note: async (number) => (number === 1 ? '<ol><li>note</li></ol>' : null),
};

let servers: LiveServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((s) => s.close()));
  servers = [];
});

async function serve(options: Partial<LiveServerOptions> = {}): Promise<LiveServer> {
  const server = new LiveServer({ host: '127.0.0.1', port: 0, content: CONTENT, ...options });
  servers.push(server);
  await server.start();
  return server;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function ask(server: LiveServer, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on('error', reject).end();
  });
}

/** Follows the event stream; `text` grows. */
function follow(
  server: LiveServer,
  headers: Readonly<Record<string, string>> = {},
  query = '',
): Promise<{ text: string; response: IncomingMessage; isClosed: boolean }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path: `/events${query}`, headers }, (response) => {
      const followed = { text: '', response, isClosed: false };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        followed.text += chunk;
      });
      response
        .on('error', () => undefined)
        .on('close', () => {
          followed.isClosed = true;
        });
      resolve(followed);
    });
    asked.on('error', reject).end();
  });
}

test('the page comes with a strict policy, other methods and paths are refused', async () => {
  const server = await serve();
  const page = await ask(server, '/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-security-policy'], "default-src 'none'");
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal((await ask(server, '/', {}, 'POST')).status, 405);
  assert.equal((await ask(server, '/../../etc/passwd')).status, 404);
  assert.equal((await ask(server, '/report.html')).status, 503);
  assert.equal((await ask(server, '/analysis.json')).text, '{}');
  assert.equal((await ask(server, '/note/1')).status, 200);
  assert.equal((await ask(server, '/note/2')).status, 404);
});

test('a name that is not its own is refused (DNS rebinding)', async () => {
  const server = await serve();
  assert.equal((await ask(server, '/', { Host: 'evil.example' })).status, 403);
  assert.equal((await ask(server, '/events', { Host: 'evil.example:80' })).status, 403);
  assert.equal((await ask(server, '/', { Host: 'localhost:1234' })).status, 200);
});

test('on an interface that others reach, only the token opens the page, and leaves a cookie', async () => {
  const server = await serve({ host: '0.0.0.0' });
  assert.match(server.url, /^http:\/\/localhost:\d+\/\?token=[\w-]{20,}$/);
  for (const path of ['/', '/events', '/analysis.json', '/?token=', '/?token=x']) assert.equal((await ask(server, path)).status, 403, path);
  const entered = await ask(server, new URL(server.url).pathname + new URL(server.url).search);
  assert.equal(entered.status, 302);
  assert.equal(entered.headers.location, '/');
  const cookie = entered.headers['set-cookie']?.[0] ?? '';
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.equal((await ask(server, '/', { Cookie: cookie.split(';')[0] as string })).status, 200);
  assert.equal((await ask(server, '/', { Cookie: 'gossipscope-1=x' })).status, 403);
});

test('a new page gets the whole state, then each update once; one that comes back gets what it missed', async () => {
  const server = await serve();
  const first = await follow(server);
  await until('state', () => first.text.includes('event: state'));
  server.publish({ entries: [] });
  await until('update', () => first.text.includes('event: update'));
  const id = /id: (\S+)\nevent: update/.exec(first.text)?.[1] as string;
  server.dropClients();
  await until('dropped', () => first.isClosed);
  server.publish({ status: { ...STATE.status, lines: 5 } });
  server.publish({ status: { ...STATE.status, lines: 6 } });
  for (const again of [await follow(server, { 'Last-Event-ID': id }), await follow(server, {}, `?after=${id}`)]) {
    await until('missed', () => again.text.includes('"lines":6'));
    assert.deepEqual(again.text.match(/"lines":\d/g), ['"lines":5', '"lines":6']);
    assert.ok(!again.text.includes('event: state'));
  }
  const stranger = await follow(server, { 'Last-Event-ID': 'other-1' });
  await until('a stranger gets the state', () => stranger.text.includes('event: state'));
});

test('gives signs of life', async () => {
  const server = await serve({ beatMillis: 20 });
  const page = await follow(server);
  await until('beat', () => page.text.includes('event: beat'));
});

test('a page that does not read is let go, the others are not', async () => {
  const server = await serve({ maxUnreadBytes: 50_000 });
  const slow = await follow(server);
  const quick = await follow(server);
  await until('two pages', () => server.clients === 2);
  slow.response.pause();
  slow.response.socket.pause();
  const words = 'x'.repeat(20_000);
  for (let i = 0; i < 2_000 && server.clients > 1; i++) {
    server.publish({ entries: [{ id: i, at: '', topic: 'block', node: null, words, place: null }] });
    await new Promise((done) => setImmediate(done));
  }
  assert.equal(server.clients, 1);
  assert.ok(!quick.isClosed);
});

test('no more than 32 pages at once', async () => {
  const server = await serve();
  for (let i = 0; i < 32; i++) await follow(server);
  assert.equal((await ask(server, '/events')).status, 503);
});

test('a port that was asked for and is taken is an error for people; the usual one falls back to a free one', async () => {
  const taken = await serve();
  await assert.rejects(new LiveServer({ host: '127.0.0.1', port: taken.port, content: CONTENT }).start(), /cannot be served/);
  const [one, two] = [await serve({ port: null }), await serve({ port: null })];
  assert.notEqual(one.port, two.port);
});
