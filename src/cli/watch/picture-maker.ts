import type { Analysis } from '../../analysis/contract.js';
import { LiveAnalysis } from '../../analysis/live.js';
import { drawCharts } from '../../charts/catalogue.js';
import type { Chart } from '../../charts/chart.js';
import { MANIFEST_FILE, MARKS_FILE } from '../../recording/manifest.js';
import { presentOf } from '../../report/live/now.js';
import { drawSections, liveChartOf, renderNote, SLOW_SECTIONS, StandingNotes } from '../../report/live/picture.js';
import { jsonPieces } from '../json-pieces.js';
import type { Picture, PictureBatch, PictureSettings } from './picture-messages.js';

/** Charts, and sections that change with every count, are drawn anew so often at most; less often where a picture takes long. */
const SLOW_MILLIS = 10_000;
const SLOW_REST_FACTOR = 20;

/** Makes pictures of a recording in the making: its analysis, drawn; of sections and charts those that changed. */
export class PictureMaker {
  readonly #live: LiveAnalysis;
  readonly #notes = new StandingNotes();
  readonly #sections = new Map<string, string>();
  readonly #chartTexts = new Map<string, string>();
  readonly #now: () => number;
  #charts: readonly Chart[] = [];
  #analysis: Analysis | null = null;
  #nextSlowMillis = Number.NEGATIVE_INFINITY;
  #isOver = false;
  /** What is drawn rarely is older than the rest. */
  #isStale = false;

  /** `now`: milliseconds of a steady clock. */
  constructor(settings: PictureSettings, now: () => number) {
    this.#live = new LiveAnalysis(settings.toolVersion, settings.limits);
    this.#now = now;
  }

  /** Reads what the recorder told. */
  take(batch: PictureBatch): void {
    const live = this.#live;
    for (const { path, text } of batch.inspects) live.inspect(path, text);
    for (const { path, container, bytes } of batch.logs) live.log(path, container, bytes, this.#now());
    for (const { path, bytes } of batch.captures) live.capture(path, bytes);
    for (const { path, text } of batch.told) {
      if (path === MARKS_FILE) live.marks(path, text);
      else live.dockerEvents(path, text);
    }
    if (batch.manifest !== null) live.manifest(MANIFEST_FILE, batch.manifest);
    for (const { path, bytes } of batch.leftOut) live.leaveOut(path, bytes);
  }

  get packets(): number | null {
    return this.#live.packets;
  }

  /** When the next picture is due; infinity while there is nothing new. Records that waited for more lines are read first. */
  get dueMillis(): number {
    this.#live.tick(this.#now());
    // What is drawn rarely still has to be drawn once when all has become quiet.
    const slow = this.#isStale ? this.#nextSlowMillis : Number.POSITIVE_INFINITY;
    return Math.min(this.#live.dueMillis, slow);
  }

  /** The recording is over: nothing waits for more any longer. */
  end(): void {
    this.#live.tick(Number.POSITIVE_INFINITY);
    this.#isOver = true;
    this.#nextSlowMillis = Number.NEGATIVE_INFINITY;
  }

  /** The picture of this moment. */
  make(): Picture {
    const startedMillis = this.#now();
    try {
      const { analysis } = this.#live.analyze();
      this.#analysis = analysis;
      const isSlowTurn = startedMillis >= this.#nextSlowMillis;
      if (isSlowTurn) {
        this.#charts = drawCharts(analysis);
      }
      this.#isStale = !isSlowTurn;
      const drawn = drawSections(analysis, this.#charts, this.#notes, {
        isWanted: (id) => isSlowTurn || !SLOW_SECTIONS.has(id),
        isOver: this.#isOver,
      });
      const tookMillis = this.#now() - startedMillis;
      if (isSlowTurn) this.#nextSlowMillis = startedMillis + Math.max(SLOW_MILLIS, SLOW_REST_FACTOR * tookMillis);
      const sections = drawn.filter((s) => this.#sections.get(s.id) !== s.html);
      for (const { id, html } of sections) this.#sections.set(id, html);
      const charts = isSlowTurn ? this.#charts.map(liveChartOf).filter((chart) => this.#isNew(chart.name, JSON.stringify(chart))) : [];
      return {
        from: analysis.window.from,
        to: analysis.window.to,
        present: presentOf(analysis),
        sections,
        charts,
        nodeOfSource: new Map(analysis.sources.flatMap((s) => (s.node === null ? [] : [[s.path, s.node] as const]))),
        tookMillis,
      };
    } finally {
      this.#live.ran(startedMillis, this.#now());
    }
  }

  /** The markup of an evidence note; null where there is none of this number. */
  note(number: number): string | null {
    return renderNote(this.#notes, number, this.#analysis?.excerpts ?? {});
  }

  /** The report of this moment as one HTML document; null before there is anything. */
  async report(): Promise<string | null> {
    if (this.#analysis === null) return null;
    // Drawing pictures takes modules that nobody needs before the first report is asked for.
    const { drawReport } = await import('../analyze.js');
    return drawReport(this.#analysis, null);
  }

  /** `analysis.json` of this moment; null before there is anything. */
  analysis(): string | null {
    return this.#analysis === null ? null : [...jsonPieces(this.#analysis)].join('');
  }

  #isNew(name: string, text: string): boolean {
    if (this.#chartTexts.get(name) === text) return false;
    this.#chartTexts.set(name, text);
    return true;
  }
}
