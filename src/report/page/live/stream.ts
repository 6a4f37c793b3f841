import { type LiveState, type LiveUpdate, SILENCE_MILLIS } from '../../live/messages.js';

const RETRY_MILLIS = 2_000;
const CHECK_MILLIS = 2_000;

export interface StreamListener {
  state(state: LiveState): void;
  update(update: LiveUpdate): void;
  /** Whether the server can be heard. */
  connected(isConnected: boolean): void;
}

/**
 * The server's messages, each once and in order, over any number of connections: after a loss it asks for what came after the last message it has. A
 * connection that is silent for longer than the server's sign of life allows is taken for dead, as after a laptop's sleep.
 */
export class LiveStream {
  readonly #listener: StreamListener;
  #source: EventSource | null = null;
  #last = '';
  #heardAt = Date.now();
  #retry: number | null = null;

  constructor(listener: StreamListener) {
    this.#listener = listener;
    this.#connect();
    window.setInterval(() => this.#check(), CHECK_MILLIS);
    document.addEventListener('visibilitychange', () => this.#check());
    window.addEventListener('online', () => this.#check());
  }

  #connect(): void {
    this.#retry = null;
    this.#source?.close();
    const source = new EventSource(this.#last === '' ? 'events' : `events?after=${encodeURIComponent(this.#last)}`);
    this.#source = source;
    this.#heardAt = Date.now();
    source.addEventListener('open', () => this.#hear());
    source.addEventListener('beat', () => this.#hear());
    source.addEventListener('state', (event) => {
      this.#note(event as MessageEvent<string>);
      this.#listener.state(JSON.parse((event as MessageEvent<string>).data) as LiveState);
    });
    source.addEventListener('update', (event) => {
      this.#note(event as MessageEvent<string>);
      this.#listener.update(JSON.parse((event as MessageEvent<string>).data) as LiveUpdate);
    });
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      this.#listener.connected(false);
      // The browser itself tries again after a loss, but gives up where the server refused.
      if (source.readyState === EventSource.CLOSED) this.#connectLater();
    });
  }

  #connectLater(): void {
    this.#retry ??= window.setTimeout(() => this.#connect(), RETRY_MILLIS);
  }

  #note(event: MessageEvent<string>): void {
    this.#last = event.lastEventId;
    this.#hear();
  }

  #hear(): void {
    this.#heardAt = Date.now();
    this.#listener.connected(true);
  }

  #check(): void {
    if (Date.now() - this.#heardAt < SILENCE_MILLIS || this.#retry !== null) return;
    this.#listener.connected(false);
    this.#connect();
  }
}
