import type { Evidence } from '../events/evidence.js';

/** Finds the line of a distinctive text, so that a fact from JSON can cite the very line. */
export class LineFinder {
  readonly #text: string;
  readonly #source: string;
  /** What was said of each cited line. */
  readonly excerpts = new Map<number, string>();

  constructor(text: string, source: string) {
    this.#text = text;
    this.#source = source;
  }

  /** The place of the last of `needles`, each looked for after the one before; `said` is what the place is cited for. */
  evidenceOf(said: string, ...needles: readonly string[]): Evidence {
    let at = 0;
    for (const needle of needles) {
      const found = this.#text.indexOf(needle, at);
      if (found >= 0) at = found;
    }
    let line = 1;
    for (let i = this.#text.indexOf('\n'); i >= 0 && i < at; i = this.#text.indexOf('\n', i + 1)) line++;
    const before = this.excerpts.get(line);
    if (before === undefined) this.excerpts.set(line, said);
    else if (!before.includes(said)) this.excerpts.set(line, `${before} … ${said}`);
    return { source: this.#source, line };
  }
}
