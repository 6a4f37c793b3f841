import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { scratchFolder } from './command-line.js';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly type?: string; readonly request?: { readonly url: string }; readonly [key: string]: unknown };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** One page in a headless Chromium, driven through its DevTools protocol on a pipe: JSON messages that end in a zero byte. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #out: Writable;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: Readonly<Record<string, unknown>>) => void; readonly reject: (error: Error) => void }
  >();
  #session: string | undefined;
  #loaded: () => void = () => undefined;
  #lastId = 0;
  #unread = '';
  /** What the page said on its console, and its uncaught errors. */
  readonly said: string[] = [];
  /** What the page asked for. */
  readonly requested: string[] = [];

  constructor() {
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-dev-shm-usage',
      '--window-size=1280,900',
    ];
    this.#process = spawn('chromium', [...flags, '--remote-debugging-pipe', `--user-data-dir=${scratchFolder()}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // Its many processes are a group of their own, which ends as one. Should this process end without a word, the end of the pipe ends them.
      detached: true,
    });
    this.#out = this.#process.stdio[3] as Writable;
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#read(text));
    const fail = (error: Error): void => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    this.#process.on('error', fail).on('exit', () => fail(new Error('chromium ended')));
    this.#out.on('error', fail);
  }

  #read(text: string): void {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop() ?? '';
    for (const message of messages) this.#take(JSON.parse(message) as Message);
  }

  #take({ id, method, params, result, error }: Message): void {
    if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.said.push(JSON.stringify(params));
    if (method === 'Page.loadEventFired') this.#loaded();
    if (method === 'Network.requestWillBeSent') this.requested.push(params?.request?.url ?? '');
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result ?? {});
    else waiting.reject(new Error(error.message));
  }

  #call(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId;
    const sessionId = this.#session;
    this.#out.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    return new Promise((resolve, reject) => void this.#waiting.set(id, { resolve, reject }));
  }

  /** Opens `url` and waits until it is loaded; without JavaScript when `scripts` is false. */
  async open(url: string, scripts = true): Promise<void> {
    const { targetId } = await this.#call('Target.createTarget', { url: 'about:blank' });
    this.#session = (await this.#call('Target.attachToTarget', { targetId, flatten: true }))['sessionId'] as string;
    for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await this.#call(`${domain}.enable`);
    await this.#call('Emulation.setScriptExecutionDisabled', { value: !scripts });
    const loaded = new Promise<void>((done) => {
      this.#loaded = done;
    });
    await this.#call('Page.navigate', { url });
    await loaded;
  }

  /** The value, as JSON carries it, that `expression` has or promises in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  close(): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }
}
