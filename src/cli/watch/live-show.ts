import type { Analysis } from '../../analysis/contract.js';
import { type FeedEntry, LiveAnalysis, type LiveLimits } from '../../analysis/live.js';
import { drawCharts } from '../../charts/catalogue.js';
import type { Manifest } from '../../recording/manifest.js';
import { MANIFEST_FILE, MARKS_FILE } from '../../recording/manifest.js';
import type { RecordingObserver } from '../../recording/observer.js';
import { spellUnseen } from '../../report/html.js';
import {
  type LiveChart,
  type LiveEntry,
  type LiveSection,
  type LiveState,
  type LiveStatus,
  type LiveUpdate,
  MAX_FEED_ENTRIES,
} from '../../report/live/messages.js';
import { type ChannelNow, presentOf } from '../../report/live/now.js';
import type { LivePage } from '../../report/live/page.js';
import { drawPicture, renderNote, StandingNotes } from '../../report/live/picture.js';
import { drawReport } from '../analyze.js';
import { jsonPieces } from '../json-pieces.js';
import type { LiveContent } from './live-server.js';

/** How often time is told to what waits for it: bounds how long after its line an event is on the page. */
const TICK_MILLIS = 100;
/** Lines that come together are told together. */
const GATHER_MILLIS = 20;
const STATUS_MILLIS = 1_000;
/** The rate of packets is taken over so long. */
const RATE_MILLIS = 5_000;
const MAX_TROUBLES = 8;

/** What a reader sees at a glance: the terminal's view. */
export interface Glance {
  readonly status: LiveStatus;
  readonly present: readonly ChannelNow[];
  /** Oldest first. */
  readonly entries: readonly LiveEntry[];
}

export interface LiveShowOptions {
  readonly toolVersion: string;
  readonly page: LivePage;
  readonly limits?: Partial<LiveLimits>;
}

/** Looks on while a recording is made and keeps what is to be shown of it: the newest picture, the newest events, how the recording goes. */
export class LiveShow implements RecordingObserver {
  readonly #options: LiveShowOptions;
  readonly #live: LiveAnalysis;
  readonly #notes = new StandingNotes();
  readonly #sections = new Map<string, string>();
  readonly #charts = new Map<string, { readonly chart: LiveChart; readonly json: string }>();
  #publish: (update: LiveUpdate) => void = () => undefined;
  #analysis: Analysis | null = null;
  #present: readonly ChannelNow[] = [];
  #entries: readonly LiveEntry[] = [];
  #manifest: Manifest | null = null;
  #failure: string | null = null;
  #report: string | null = null;
  #folder: string | null = null;
  #isEnded = false;
  #ticker: NodeJS.Timeout | null = null;
  #gathering: NodeJS.Timeout | null = null;
  /** The second half of a refresh under way. */
  #drawing: NodeJS.Timeout | null = null;
  #statusAt = Number.NEGATIVE_INFINITY;
  #statusJson = '';
  #rates: { readonly at: number; readonly packets: number }[] = [];
  #refreshMillis = 0;

  constructor(options: LiveShowOptions) {
    this.#options = options;
    this.#live = new LiveAnalysis(options.toolVersion, options.limits);
  }

  /** Begins to tell `publish` what changes. */
  start(publish: (update: LiveUpdate) => void): void {
    this.#publish = publish;
    this.#ticker = setInterval(() => this.#tick(), TICK_MILLIS);
  }

  /** The recording is made in `folder`. */
  recordsInto(folder: string): void {
    this.#folder = folder;
    this.#tellStatus();
  }

  /** The recording is over: shows the last of it. */
  finish(): void {
    this.#stopTimers();
    this.#isEnded = true;
    this.#live.tick(Number.POSITIVE_INFINITY);
    this.#flushEntries();
    this.#refresh();
    this.#tellStatus();
  }

  /** The report was written to `path`. */
  reported(path: string): void {
    this.#report = path;
    this.#tellStatus();
  }

  /** Stops all work. */
  close(): void {
    this.#stopTimers();
  }

  // ── what the recorder tells

  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array): void {
    this.#live.log(path, container, bytes, performance.now());
    this.#gather();
  }

  capture(path: string, bytes: Uint8Array): void {
    this.#live.capture(path, bytes);
  }

  inspect(path: string, text: string): void {
    this.#live.inspect(path, text);
  }

  told(path: string, lines: string): void {
    if (path === MARKS_FILE) this.#live.marks(path, lines);
    else this.#live.dockerEvents(path, lines);
    this.#gather();
  }

  manifest(manifest: Manifest): void {
    this.#manifest = manifest;
    this.#live.manifest(MANIFEST_FILE, JSON.stringify(manifest, null, 2));
  }

  // ── what is shown

  /** Everything the server answers with. */
  get content(): LiveContent {
    return {
      page: this.#options.page,
      state: () => this.#state(),
      report: async () => (this.#analysis === null ? null : drawReport(this.#analysis, null)),
      analysis: () => (this.#analysis === null ? null : jsonPieces(this.#analysis)),
      note: (number) => renderNote(this.#notes, number, this.#analysis?.excerpts ?? {}),
    };
  }

  get glance(): Glance {
    return { status: this.#status(), present: this.#present, entries: this.#entries };
  }

  /** How long the last picture took, in milliseconds. */
  get refreshMillis(): number {
    return this.#refreshMillis;
  }

  #state(): LiveState {
    return {
      status: this.#status(),
      sections: [...this.#sections].map(([id, html]): LiveSection => ({ id, html })),
      charts: [...this.#charts.values()].map(({ chart }) => chart),
      entries: this.#entries,
    };
  }

  #status(): LiveStatus {
    const { lines, packets } = this.#live.volume;
    const manifest = this.#manifest;
    const drops = (manifest?.captures ?? []).flatMap((c) => [c.droppedByKernel, c.droppedByInterface]).filter((n) => n !== null);
    return {
      state: this.#isEnded || manifest?.state === 'ended' ? 'ended' : lines === 0 && packets === null ? 'starting' : 'recording',
      recording: spellUnseen(this.#folder ?? manifest?.name ?? ''),
      from: this.#analysis?.window.from ?? null,
      to: this.#analysis?.window.to ?? null,
      lines,
      packets,
      packetsPerSecond: this.#rate(packets),
      packetsDropped: drops.length === 0 ? null : drops.reduce((a, b) => a + b, 0),
      troubles: this.#troubles(),
      report: this.#report,
    };
  }

  #rate(packets: number | null): number | null {
    const [first] = this.#rates;
    const last = this.#rates.at(-1);
    if (packets === null || first === undefined || last === undefined || last.at - first.at < STATUS_MILLIS) return null;
    return this.#isEnded ? null : Math.round((1000 * (last.packets - first.packets)) / (last.at - first.at));
  }

  #troubles(): readonly string[] {
    const manifest = this.#manifest;
    const troubles = [
      ...(this.#failure === null ? [] : [`The picture could not be made (${this.#failure}); the recording goes on.`]),
      ...(manifest?.missing ?? []).map((m) => `No ${m.what}: ${m.why}. ${m.hint}`),
      ...(manifest?.gaps ?? []).map((g) => `A gap in ${g.source}${g.from === null ? '' : ` from ${g.from.slice(11, 19)}`}: ${g.why}`),
    ].map((text) => spellUnseen(text));
    const left = troubles.length - MAX_TROUBLES;
    return left > 0 ? [`${left} earlier troubles are in the manifest`, ...troubles.slice(-MAX_TROUBLES)] : troubles;
  }

  // ── time

  #stopTimers(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    if (this.#drawing !== null) clearTimeout(this.#drawing);
    this.#drawing = null;
    this.#ticker = null;
    this.#gathering = null;
  }

  #gather(): void {
    if (this.#ticker === null) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#flushEntries();
    }, GATHER_MILLIS);
  }

  #tick(): void {
    const now = performance.now();
    this.#live.tick(now);
    this.#flushEntries();
    if (this.#drawing === null && this.#live.dueMillis <= now) this.#refresh();
    if (now - this.#statusAt >= STATUS_MILLIS) this.#tellStatus();
  }

  #flushEntries(): void {
    const fresh = this.#live.takeEntries();
    if (fresh.length === 0) return;
    const all = [...this.#entries, ...fresh.map(entryOf)].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id - b.id));
    this.#entries = all.slice(-MAX_FEED_ENTRIES);
    const kept = new Set(this.#entries.map((e) => e.id));
    const entries = fresh.filter((e) => kept.has(e.id)).map(entryOf);
    if (entries.length > 0) this.#publish({ entries });
  }

  #tellStatus(): void {
    const now = performance.now();
    this.#statusAt = now;
    const { packets } = this.#live.volume;
    if (packets !== null) this.#rates = [...this.#rates.filter((r) => r.at > now - RATE_MILLIS), { at: now, packets }];
    const status = this.#status();
    const json = JSON.stringify(status);
    if (json === this.#statusJson) return;
    this.#statusJson = json;
    this.#publish({ status });
  }

  /** In two steps, so that what comes in between is told: the analysis, then its picture. */
  #refresh(): void {
    const started = performance.now();
    const analysis = this.#attempt(() => this.#live.analyze().analysis);
    const analyzed = performance.now();
    const draw = (): void => {
      this.#drawing = null;
      const resumed = performance.now();
      if (analysis !== null) this.#attempt(() => this.#draw(analysis));
      const ended = performance.now();
      this.#refreshMillis = analyzed - started + ended - resumed;
      this.#live.ran(started, ended);
    };
    if (this.#ticker === null) draw();
    else this.#drawing = setTimeout(draw, 0);
  }

  /** What `work` gives, or null where it fails: recording matters more than showing it, so that is told, and the next refresh tries again. */
  #attempt<T>(work: () => T): T | null {
    try {
      const result = work();
      this.#failure = null;
      return result;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      return null;
    }
  }

  #draw(analysis: Analysis): void {
    const picture = drawPicture(analysis, drawCharts(analysis), this.#notes);
    this.#analysis = analysis;
    this.#present = presentOf(analysis);
    const sections = picture.sections.filter((s) => this.#sections.get(s.id) !== s.html);
    for (const { id, html } of sections) this.#sections.set(id, html);
    const charts = picture.charts.filter((chart) => this.#takeChart(chart));
    if (sections.length > 0 || charts.length > 0) this.#publish({ status: this.#status(), sections, charts });
  }

  #takeChart(chart: LiveChart): boolean {
    const json = JSON.stringify(chart);
    if (this.#charts.get(chart.name)?.json === json) return false;
    this.#charts.set(chart.name, { chart, json });
    return true;
  }
}

/** An entry as pages get it: characters that cannot be seen are spelled out, as everywhere in the report. */
function entryOf(entry: FeedEntry): LiveEntry {
  return {
    id: entry.id,
    at: entry.at,
    topic: entry.topic,
    node: entry.node === null ? null : spellUnseen(entry.node),
    words: spellUnseen(entry.words),
    place: entry.place === null ? null : spellUnseen(`${entry.place.source}:${entry.place.line}`),
  };
}
