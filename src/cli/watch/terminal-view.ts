import type { WriteStream } from 'node:tty';
import type { Glance } from './live-show.js';
import { drawTerminal } from './terminal-lines.js';

const REDRAW_MILLIS = 250;

/** Another screen, without a cursor; what was there before comes back at the end (xterm's private modes 1049 and 25). */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** All that is between is shown at once, where the terminal knows how (private mode 2026). */
const BEGIN = '\x1b[?2026h\x1b[H';
const END = '\x1b[J\x1b[?2026l';

/** The compact view in a terminal, redrawn in place at most four times a second and only when something changed. */
export class TerminalView {
  readonly #out: WriteStream;
  readonly #address: string;
  readonly #glance: () => Glance;
  readonly #colours: boolean;
  readonly #leave = (): void => this.close();
  #timer: NodeJS.Timeout | null = null;
  #shown = '';

  constructor(out: WriteStream, address: string, glance: () => Glance, colours: boolean) {
    this.#out = out;
    this.#address = address;
    this.#glance = glance;
    this.#colours = colours;
  }

  open(): void {
    this.#out.write(ENTER);
    // However the process ends, the terminal is given back.
    process.on('exit', this.#leave);
    this.#timer = setInterval(() => this.#draw(), REDRAW_MILLIS);
    this.#draw();
  }

  get isOpen(): boolean {
    return this.#timer !== null;
  }

  /** Gives the terminal back as it was; once. */
  close(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    process.off('exit', this.#leave);
    this.#out.write(LEAVE);
  }

  #draw(): void {
    // A terminal that does not keep up gets the next picture, not all of them.
    if (this.#out.writableNeedDrain) return;
    // The last column stays free: what clears the rest of a full line would take its last character.
    const size = { columns: Math.max(1, (this.#out.columns ?? 80) - 1), rows: Math.max(1, this.#out.rows ?? 24) };
    const text = drawTerminal(this.#glance(), this.#address, size, this.#colours)
      .map((line) => `${line}\x1b[K`)
      .join('\r\n');
    const key = `${size.columns} ${size.rows} ${text}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#out.write(`${BEGIN}${text}${END}`);
  }
}
