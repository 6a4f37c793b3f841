import type { LiveLimits } from '../../analysis/live.js';
import { type FeedEntry, LiveFeed } from '../../analysis/live-feed.js';
import type { Manifest } from '../../recording/manifest.js';
import { MARKS_FILE } from '../../recording/manifest.js';
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
import type { ChannelNow } from '../../report/live/now.js';
import type { LivePage } from '../../report/live/page.js';
import type { LiveContent } from './live-server.js';
import type { Picture } from './picture-messages.js';
import { PictureThread } from './picture-thread.js';

/** How often time is told to records that wait for more lines. */
const TICK_MILLIS = 100;
/** Lines that come together are told together. */
const GATHER_MILLIS = 20;
const STATUS_MILLIS = 1_000;
/** The rate of packets is taken over so long. */
const RATE_MILLIS = 5_000;
const MAX_TROUBLES = 8;
/** The last picture of a recording is waited for so long; its report has it all. */
const LAST_PICTURE_MILLIS = 10_000;

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

/**
 * Looks on while a recording is made and keeps what is to be shown of it: the newest events, told at once; the newest picture, made in a thread of its own;
 * how the recording goes.
 */
export class LiveShow implements RecordingObserver {
  readonly #options: LiveShowOptions;
  readonly #feed = new LiveFeed();
  readonly #thread: PictureThread;
  readonly #sections = new Map<string, string>();
  readonly #charts = new Map<string, LiveChart>();
  #publish: ((update: LiveUpdate) => void) | null = null;
  #picture: Pick<Picture, 'from' | 'to' | 'present' | 'tookMillis'> | null = null;
  #entries: readonly LiveEntry[] = [];
  #manifest: Manifest | null = null;
  #packets: number | null = null;
  #failure: string | null = null;
  #report: string | null = null;
  #folder: string | null = null;
  #isEnded = false;
  #statusTimer: NodeJS.Timeout | null = null;
  #feedTimer: NodeJS.Timeout | null = null;
  /** The facts of the status as they were told, each as JSON. */
  readonly #toldStatus = new Map<string, string>();
  #rates: { readonly at: number; readonly packets: number }[] = [];

  constructor(options: LiveShowOptions) {
    this.#options = options;
    this.#thread = new PictureThread({
      toolVersion: options.toolVersion,
      limits: options.limits ?? {},
      onPicture: (picture) => this.#take(picture),
      onPackets: (packets) => {
        this.#packets = packets;
      },
      onFailure: (why) => {
        this.#failure = why;
      },
    });
  }

  /** Begins to tell `publish` what changes. */
  start(publish: (update: LiveUpdate) => void): void {
    this.#publish = publish;
    this.#statusTimer = setInterval(() => this.#tellStatus(), STATUS_MILLIS);
  }

  /** The recording is made in `folder`. */
  recordsInto(folder: string): void {
    this.#folder = folder;
    this.#tellStatus();
  }

  /** The recording is over: shows the last of it. */
  async finish(): Promise<void> {
    this.#stopTimers();
    this.#isEnded = true;
    this.#feed.tick(Number.POSITIVE_INFINITY);
    this.#flushEntries();
    let timer: NodeJS.Timeout | null = null;
    const patience = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), LAST_PICTURE_MILLIS);
    });
    await Promise.race([this.#thread.ask({ what: 'finish' }), patience]);
    if (timer !== null) clearTimeout(timer);
    this.#tellStatus();
  }

  /** The report was written to `path`. */
  reported(path: string): void {
    this.#report = path;
    this.#tellStatus();
  }

  /** Stops all work. */
  async close(): Promise<void> {
    this.#stopTimers();
    await this.#thread.close();
  }

  // ── what the recorder tells

  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array): void {
    this.#feed.log(path, container, bytes, performance.now());
    this.#thread.log(path, container, bytes);
    this.#flushLater(GATHER_MILLIS);
  }

  capture(path: string, bytes: Uint8Array): void {
    this.#thread.capture(path, bytes);
  }

  inspect(path: string, text: string): void {
    this.#feed.inspect(path, text);
    this.#thread.inspect(path, text);
  }

  told(path: string, lines: string): void {
    if (path === MARKS_FILE) this.#feed.marks(path, lines);
    else this.#feed.dockerEvents(path, lines);
    this.#thread.told(path, lines);
    this.#flushLater(GATHER_MILLIS);
  }

  manifest(manifest: Manifest): void {
    this.#manifest = manifest;
    this.#thread.manifest(JSON.stringify(manifest));
  }

  // ── what is shown

  /** Everything the server answers with. */
  get content(): LiveContent {
    return {
      page: this.#options.page,
      state: () => this.#state(),
      report: () => this.#thread.ask({ what: 'report' }),
      analysis: () => this.#thread.ask({ what: 'analysis' }),
      note: (number) => this.#thread.ask({ what: 'note', number }),
    };
  }

  get glance(): Glance {
    return { status: this.#status(), present: this.#picture?.present ?? [], entries: this.#entries };
  }

  /** How long the last picture took, in milliseconds. */
  get refreshMillis(): number {
    return this.#picture?.tookMillis ?? 0;
  }

  #state(): LiveState {
    return {
      status: this.#status(),
      sections: [...this.#sections].map(([id, html]): LiveSection => ({ id, html })),
      charts: [...this.#charts.values()],
      entries: this.#entries,
    };
  }

  #status(): LiveStatus {
    const { lines } = this.#feed;
    const packets = this.#packets;
    const manifest = this.#manifest;
    const drops = (manifest?.captures ?? []).flatMap((c) => [c.droppedByKernel, c.droppedByInterface]).filter((n) => n !== null);
    return {
      state:
        this.#isEnded || manifest?.state === 'ended'
          ? 'ended'
          : !this.#feed.hasNetwork
            ? 'waiting'
            : lines === 0 && packets === null
              ? 'starting'
              : 'recording',
      recording: spellUnseen(this.#folder ?? manifest?.name ?? ''),
      from: this.#picture?.from ?? null,
      to: this.#picture?.to ?? null,
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
      ...(manifest?.gaps ?? [])
        .filter((g) => !this.#isBystanders(g.source))
        .map((g) => `A gap in ${g.source}${g.from === null ? '' : ` from ${g.from.slice(11, 19)}`}: ${g.why}`),
    ].map((text) => spellUnseen(text));
    const left = troubles.length - MAX_TROUBLES;
    return left > 0 ? [`${left} earlier troubles are in the manifest`, ...troubles.slice(-MAX_TROUBLES)] : troubles;
  }

  /** Whether a gap is in the log of a container that has no part in the network. */
  #isBystanders(source: string): boolean {
    const log = this.#manifest?.logs.find((l) => l.paths.includes(source));
    // A log of which no line came has no entry; it is named after its container.
    const named = /^logs\/(.+?)(?:\.(?:stdout|stderr))?\.log$/.exec(source)?.[1];
    return this.#feed.isBystander(log?.container.id ?? named ?? source);
  }

  // ── time

  #stopTimers(): void {
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    if (this.#feedTimer !== null) clearTimeout(this.#feedTimer);
    this.#statusTimer = null;
    this.#feedTimer = null;
  }

  #flushLater(millis: number): void {
    if (this.#statusTimer === null) return;
    this.#feedTimer ??= setTimeout(() => {
      this.#feedTimer = null;
      const isWaiting = this.#feed.tick(performance.now());
      this.#flushEntries();
      if (isWaiting) this.#flushLater(TICK_MILLIS);
    }, millis);
  }

  #flushEntries(): void {
    const fresh = this.#feed.takeEntries();
    if (fresh.length === 0) return;
    const all = [...this.#entries, ...fresh.map(entryOf)].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id - b.id));
    this.#entries = all.slice(-MAX_FEED_ENTRIES);
    const kept = new Set(this.#entries.map((e) => e.id));
    const entries = fresh.filter((e) => kept.has(e.id)).map(entryOf);
    if (entries.length > 0) this.#publish?.({ entries });
  }

  #tellStatus(): void {
    const now = performance.now();
    if (this.#packets !== null) this.#rates = [...this.#rates.filter((r) => r.at > now - RATE_MILLIS), { at: now, packets: this.#packets }];
    const status = this.#freshStatus();
    if (Object.keys(status).length > 0) this.#publish?.({ status });
  }

  /** The facts of the status that were not told yet. */
  #freshStatus(): Partial<LiveStatus> {
    if (this.#publish === null) return {};
    const fresh = Object.entries(this.#status()).filter(([fact, value]) => {
      const text = JSON.stringify(value);
      if (this.#toldStatus.get(fact) === text) return false;
      this.#toldStatus.set(fact, text);
      return true;
    });
    return Object.fromEntries(fresh);
  }

  #take(picture: Picture): void {
    const { from, to, present, tookMillis, sections, charts } = picture;
    this.#picture = { from, to, present, tookMillis };
    this.#feed.nameSources(picture.nodeOfSource);
    // Before there is a network, there is nothing to say of it.
    if (!this.#feed.hasNetwork && from === null) return;
    for (const { id, html } of sections) this.#sections.set(id, html);
    for (const chart of charts) this.#charts.set(chart.name, chart);
    if (sections.length > 0 || charts.length > 0) this.#publish?.({ status: this.#freshStatus(), sections, charts });
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
