import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperationalError } from '../../recording/operational-error.js';
import { BEAT_MILLIS, type LiveState, type LiveUpdate } from '../../report/live/messages.js';
import type { LivePage } from '../../report/live/page.js';
import { cookieIn, isLoopback, isOwnHost, isToken } from './access.js';
import { MessageRing, writeMessage } from './message-ring.js';

/** Where `watch` is found unless the user names a port; a free one when this is taken. */
export const DEFAULT_PORT = 7077;
const MAX_CLIENTS = 32;
/** A browser that has so much unread is let go; it comes back and goes on where it was. */
const MAX_UNREAD_BYTES = 8 << 20;
const RETRY_MILLIS = 1_000;

/** What the server shows; asked for when a browser wants it. */
export interface LiveContent {
  readonly page: LivePage;
  state(): LiveState;
  /** The text of the report of this moment; null before there is anything. */
  report(): Promise<string | null>;
  /** `analysis.json` of this moment; null before there is anything. */
  analysis(): Promise<string | null>;
  /** One evidence note as markup, null when there is none of this number. */
  note(number: number): Promise<string | null>;
}

export interface LiveServerOptions {
  /** The interface to listen on. */
  readonly host: string;
  /** Null: {@link DEFAULT_PORT}, or a free one. */
  readonly port: number | null;
  readonly content: LiveContent;
  readonly maxUnreadBytes?: number;
  readonly beatMillis?: number;
}

interface Client {
  readonly response: ServerResponse;
  /** Unread bytes that the state it began with may account for. */
  readonly allowance: number;
}

/** Serves the live page and tells it what is new by server-sent events. Read-only: it answers GET and HEAD. */
export class LiveServer {
  readonly #options: LiveServerOptions;
  readonly #server: Server;
  readonly #ring = new MessageRing(randomBytes(6).toString('hex'));
  readonly #clients = new Set<Client>();
  /** On an interface that others reach, the page wants this. */
  readonly #token: string | null;
  #beat: NodeJS.Timeout | null = null;
  #port = 0;

  constructor(options: LiveServerOptions) {
    this.#options = options;
    this.#token = isLoopback(options.host) ? null : randomBytes(18).toString('base64url');
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, PLAIN);
        response.end();
        // A bug in making an answer is no reason to stop recording; it is told once, by the one who asked.
        process.emitWarning(error instanceof Error ? error : String(error));
      });
    });
  }

  /** Starts to listen; returns the address to open. Throws an {@link OperationalError} when the user's port or interface cannot be had. */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    try {
      await this.#listen(port ?? DEFAULT_PORT);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (port !== null || code !== 'EADDRINUSE') throw cannotListen(host, port ?? DEFAULT_PORT, error);
      await this.#listen(0).catch((again: unknown) => {
        throw cannotListen(host, 0, again);
      });
    }
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#beat = setInterval(() => this.#write(writeMessage('beat', Date.now(), null)), this.#options.beatMillis ?? BEAT_MILLIS);
    this.#beat.unref();
    return this.url;
  }

  /** The address to open, with its token where one is wanted. */
  get url(): string {
    const { host } = this.#options;
    const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    return `http://${shown}:${this.#port}/${this.#token === null ? '' : `?token=${this.#token}`}`;
  }

  get port(): number {
    return this.#port;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Tells every page what is new. */
  publish(update: LiveUpdate): void {
    this.#write(this.#ring.add('update', update));
  }

  /** Ends all connections of pages, as a network would; they come back. */
  dropClients(): void {
    for (const { response } of this.#clients) response.destroy();
  }

  /** Stops; resolves when nobody is connected any more. */
  async close(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    for (const { response } of this.#clients) response.end();
    const closed = new Promise<void>((done) => void this.#server.close(() => done()));
    this.#server.closeIdleConnections();
    setTimeout(() => this.#server.closeAllConnections(), LAST_BYTES_MILLIS).unref();
    await closed;
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#options.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #write(text: string): void {
    for (const client of this.#clients) {
      client.response.write(text);
      if (client.response.writableLength > (this.#options.maxUnreadBytes ?? MAX_UNREAD_BYTES) + client.allowance) client.response.destroy();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { content } = this.#options;
    for (const [name, value] of Object.entries(SECURITY)) response.setHeader(name, value);
    if (!isOwnHost(request.headers.host, this.#options.host)) return end(response, 403, 'this server answers to its own names only');
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'GET only');
    const url = URL.canParse(request.url ?? '/', 'http://localhost') ? new URL(request.url ?? '/', 'http://localhost') : null;
    if (url === null) return end(response, 400, 'no path of this server');
    if (this.#token !== null && !this.#admit(request, response, url, this.#token)) return;
    const note = /^\/note\/(\d{1,9})$/.exec(url.pathname);
    if (url.pathname === '/') {
      response.setHeader('Content-Security-Policy', content.page.policy);
      end(response, 200, content.page.text, HTML);
    } else if (url.pathname === '/events') this.#follow(request, response, url);
    else if (url.pathname === '/report.html') {
      const report = await content.report();
      // The report names the hashes of its own style and script.
      if (report === null) end(response, 503, 'nothing came in yet');
      else end(response, 200, report, HTML);
    } else if (url.pathname === '/analysis.json') {
      const analysis = await content.analysis();
      if (analysis === null) end(response, 503, 'nothing came in yet');
      else end(response, 200, analysis, JSON_TYPE);
    } else if (note !== null) {
      const markup = await content.note(Number(note[1]));
      if (markup === null) end(response, 404, 'no such note');
      else end(response, 200, markup, HTML);
    } else end(response, 404, 'not found');
  }

  /** Lets in who has the token, in the address or in the cookie that the address brings; false when the request was answered. */
  #admit(request: IncomingMessage, response: ServerResponse, url: URL, token: string): boolean {
    const cookie = `gossipscope-${this.#port}`;
    const offered = url.searchParams.get('token');
    if (offered !== null && isToken(offered, token)) {
      // The address without the token is what stays in the browser's history.
      response.writeHead(302, { Location: url.pathname, 'Set-Cookie': `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/` });
      response.end();
      return false;
    }
    if (isToken(cookieIn(request.headers.cookie, cookie), token)) return true;
    end(response, 403, 'open the address with its token, as gossipscope watch printed it');
    return false;
  }

  #follow(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      end(response, 503, `no more than ${MAX_CLIENTS} pages at once`);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    request.socket.setNoDelay(true);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const header = request.headers['last-event-id'];
    const last = (typeof header === 'string' && header !== '' ? header : url.searchParams.get('after')) ?? '';
    const missed = last === '' ? null : this.#ring.after(last);
    const first = missed === null ? writeMessage('state', this.#options.content.state(), this.#ring.lastId) : missed.map((m) => m.text).join('');
    response.write(`retry: ${RETRY_MILLIS}\n\n${first}`);
    const client: Client = { response, allowance: response.writableLength };
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));
  }
}

/** What was written last still has so long to arrive. */
const LAST_BYTES_MILLIS = 500;

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' } as const;
const HTML = { 'Content-Type': 'text/html; charset=utf-8' } as const;
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' } as const;
const SECURITY = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const;

function end(response: ServerResponse, status: number, text: string, type: Readonly<Record<string, string>> = PLAIN): void {
  response.writeHead(status, type);
  response.end(text);
}

function cannotListen(host: string, port: number, error: unknown): OperationalError {
  const why = error instanceof Error ? error.message : String(error);
  return new OperationalError({
    what: `the page cannot be served on ${host}:${port}`,
    why,
    hint: 'choose another with --port, or leave --port and --host away',
  });
}
