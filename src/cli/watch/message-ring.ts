/** One message of the event stream, ready to be written. */
export interface StreamMessage {
  readonly sequence: number;
  readonly text: string;
}

const MAX_MESSAGES = 5_000;
const MAX_BYTES = 16 << 20;

/**
 * The newest messages of one server run, so that a browser that lost its connection gets exactly what it missed. A message's id is `EPOCH-SEQUENCE`: an id
 * of another run is recognized by its epoch.
 */
export class MessageRing {
  readonly #epoch: string;
  readonly #maxMessages: number;
  readonly #maxLength: number;
  #messages: StreamMessage[] = [];
  #length = 0;
  #sequence = 0;

  constructor(epoch: string, limits: { readonly messages?: number; readonly length?: number } = {}) {
    this.#epoch = epoch;
    this.#maxMessages = limits.messages ?? MAX_MESSAGES;
    this.#maxLength = limits.length ?? MAX_BYTES;
  }

  /** The id of the newest message. */
  get lastId(): string {
    return this.#idOf(this.#sequence);
  }

  /** Adds a message of the kind `event` with `data`; returns it as it goes over the wire (WHATWG HTML, section 9.2.5). */
  add(event: string, data: unknown): string {
    this.#sequence += 1;
    const text = writeMessage(event, data, this.lastId);
    this.#messages.push({ sequence: this.#sequence, text });
    this.#length += text.length;
    while (this.#messages.length > this.#maxMessages || (this.#length > this.#maxLength && this.#messages.length > 1)) {
      this.#length -= (this.#messages.shift() as StreamMessage).text.length;
    }
    return text;
  }

  /** What came after the message with this id; null when that is not known any more, or was never one of ours. */
  after(id: string): readonly StreamMessage[] | null {
    const dash = id.lastIndexOf('-');
    const sequence = Number(id.slice(dash + 1));
    if (dash < 0 || id.slice(0, dash) !== this.#epoch || !/^\d{1,15}$/.test(id.slice(dash + 1)) || sequence > this.#sequence) return null;
    const oldest = this.#messages[0]?.sequence ?? this.#sequence + 1;
    return sequence < oldest - 1 ? null : this.#messages.filter((m) => m.sequence > sequence);
  }

  #idOf(sequence: number): string {
    return `${this.#epoch}-${sequence}`;
  }
}

/** A message of the event stream; JSON has no line ends of its own, so one `data` line holds it. */
export function writeMessage(event: string, data: unknown, id: string | null): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
