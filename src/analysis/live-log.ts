import type { BodyOf, EventBody, EventKind, LogEvent, ViewMember } from '../events/event.js';
import type { Instant } from '../events/instant.js';
import { LogDecoder } from '../logs/log-decoder.js';
import type { RecordedLog } from './recorded.js';

/** What is kept of one log while it is watched. What is beyond a limit is let go, oldest first; the recording on disk has it all. */
export interface LiveLogLimits {
  /** Blocks of one channel: the newest that this log spoke of. */
  readonly maxBlocksPerChannel: number;
  /** Lines about the kept blocks, all channels together. */
  readonly maxBlockEvents: number;
  /** Lines that say what a process is, where it belongs and what it was set to: needed as long as anything of it is shown. */
  readonly maxFoundingEvents: number;
  /** Elections and who pulls blocks: needed to tell who leads now. */
  readonly maxElectionEvents: number;
  /** Membership views of one channel; each holds the whole view, so the newest are enough. */
  readonly maxViewsPerChannel: number;
  /** Everything else that comes and goes, per sort of line. */
  readonly maxPassingEvents: number;
  /** Channels told apart; a hostile log may name any number. */
  readonly maxChannels: number;
  /** Characters of a line that are kept to be shown. */
  readonly maxTextLength: number;
}

export const LIVE_LOG_LIMITS: LiveLogLimits = {
  maxBlocksPerChannel: 120,
  maxBlockEvents: 2_000,
  maxFoundingEvents: 20_000,
  maxElectionEvents: 10_000,
  maxViewsPerChannel: 300,
  maxPassingEvents: 500,
  maxChannels: 200,
  maxTextLength: 600,
};

/** A record whose further lines have not come after so long is told as it is: docker hands the lines of one write over together. */
const QUIET_MILLIS = 200;
/** Between two looks at what may go, a log may grow by this much over what it may keep. */
const MAX_SURPLUS_EVENTS = 5_000;

type Family = 'founding' | 'election' | 'follower' | 'view' | 'block' | 'call' | 'heard' | 'trouble';

const FOUNDING: ReadonlySet<EventKind> = new Set<EventKind>([
  'process.banner',
  'process.config-printed',
  'process.identified',
  'process.serving',
  'process.address-detected',
  'process.address-used',
  'process.tls-enabled',
  'process.stopping',
  'gossip.initialized',
  'gossip.self-named',
  'gossip.instance-started',
  'channel.configured',
  'channel.anchors-absent',
  'channel.anchors-learned',
  'channel.anchor-is-self',
  'channel.anchor-skipped',
  'channel.organization-missing',
  'channel.state-started',
  'election.mode-told',
  'election.stopping',
  'ledger.created',
  'ledger.opened',
  'orderer.channel-created',
]);

const ELECTION: ReadonlySet<EventKind> = new Set<EventKind>([
  'election.leader-became',
  'election.leader-elected',
  'election.leader-stopped',
  'election.leadership-renounced',
  'deliver.service-started',
  'deliver.stopped',
  'raft.leader-changed',
  'raft.leader-elected',
]);

const HEARD: ReadonlySet<EventKind> = new Set<EventKind>([
  'election.message-heard',
  'gossip.member-learned',
  'gossip.connection-created',
  'gossip.probed',
]);

function familyOf(body: EventBody): Family {
  const { kind } = body;
  if (FOUNDING.has(kind)) return 'founding';
  if (ELECTION.has(kind)) return 'election';
  if (kind === 'election.leader-known') return 'follower';
  if (kind === 'channel.view-changed') return 'view';
  if (kind.startsWith('block.') || kind.startsWith('orderer.block-')) return 'block';
  if (kind === 'rpc.completed') return 'call';
  return HEARD.has(kind) ? 'heard' : 'trouble';
}

/** Events without their channel's name share one key. */
const channelOf = (body: EventBody): string => ('channel' in body && typeof body.channel === 'string' ? body.channel : '');
const blockOf = (body: EventBody): number | null => ('block' in body && typeof body.block === 'number' ? body.block : null);

/** What was let go of a log: how many events, and when the newest of them was. */
export interface LetGo {
  readonly count: number;
  readonly until: Instant;
}

/** What was met on the way from the newest event back. */
interface Passed {
  readonly counts: Map<string, number>;
  /** Channels whose newest commit was met. */
  readonly committed: Set<string>;
  readonly views: Map<string, Set<string>>;
}

/** One log while it is being written and watched: decodes it as it comes and keeps of its events what a picture of the present needs. */
export class LiveLog {
  readonly source: string;
  readonly #containerId: string;
  readonly #limits: LiveLogLimits;
  readonly #decoder: LogDecoder;
  #events: LogEvent[] = [];
  #freshSince = 0;
  /** Channel → block numbers kept, in the order this log first spoke of them. */
  readonly #blocks = new Map<string, Set<number>>();
  #isQuiet = true;
  #pushedMillis = 0;
  #letGo: LetGo | null = null;
  #heard = 0;

  constructor(source: string, containerId: string, limits: LiveLogLimits) {
    this.source = source;
    this.#containerId = containerId;
    this.#limits = limits;
    this.#decoder = new LogDecoder({ source, onEvent: (event) => this.#take(event) });
  }

  get events(): number {
    return this.#events.length;
  }

  /** Events so far, kept or not. */
  get heard(): number {
    return this.#heard;
  }

  get letGo(): LetGo | null {
    return this.#letGo;
  }

  /** When bytes last came, in milliseconds of the caller's clock. */
  get pushedMillis(): number {
    return this.#pushedMillis;
  }

  push(bytes: Uint8Array, nowMillis: number): void {
    this.#decoder.push(bytes);
    this.#decoder.flushWhole();
    this.#isQuiet = false;
    this.#pushedMillis = nowMillis;
    if (this.#events.length - this.#freshSince > MAX_SURPLUS_EVENTS) this.trim();
  }

  /** Time goes on: a record that waits for more lines is told after {@link QUIET_MILLIS}. Whether the log has something waiting still. */
  tick(nowMillis: number): boolean {
    if (this.#isQuiet) return false;
    if (nowMillis - this.#pushedMillis < QUIET_MILLIS) return true;
    this.#isQuiet = true;
    this.#decoder.flush();
    return false;
  }

  /** The log as far as it was read. */
  recorded(): RecordedLog {
    this.trim();
    return { source: this.source, summary: { ...this.#decoder.snapshot(), containerId: this.#containerId }, events: this.#events };
  }

  /** Lets go of what is beyond the limits. With `hard`, of everything that comes and goes but the newest commit of each channel. */
  trim(hard = false): void {
    const limits = this.#limits;
    const most: Readonly<Record<Family, number>> = {
      founding: limits.maxFoundingEvents,
      election: limits.maxElectionEvents,
      follower: limits.maxPassingEvents,
      view: limits.maxViewsPerChannel,
      block: hard ? 0 : limits.maxBlockEvents,
      call: hard ? 0 : limits.maxPassingEvents,
      heard: hard ? 0 : limits.maxPassingEvents,
      trouble: hard ? 0 : limits.maxPassingEvents,
    };
    const passed: Passed = { counts: new Map(), committed: new Set(), views: new Map() };
    const kept: LogEvent[] = [];
    // From the newest on, so that what is counted first stays.
    for (let i = this.#events.length - 1; i >= 0; i--) {
      const event = this.#events[i] as LogEvent;
      const remaining = this.#whatStays(event, most, passed);
      if (remaining === null) this.#forget(event);
      else kept.push(remaining);
    }
    if (kept.length < this.#events.length) this.#events = kept.reverse();
    this.#freshSince = this.#events.length;
  }

  /** What is kept of an event, all newer ones having `passed`: all of it, of an old view what still holds, or null for nothing. */
  #whatStays(event: LogEvent, most: Readonly<Record<Family, number>>, passed: Passed): LogEvent | null {
    const { body } = event;
    const family = familyOf(body);
    const channel = family === 'view' || family === 'block' ? this.#knownChannel(channelOf(body)) : '';
    const key = family === 'view' ? `view ${channel}` : family;
    const count = (passed.counts.get(key) ?? 0) + 1;
    const isNewestCommit = body.kind === 'block.committed' && !passed.committed.has(channel);
    if (isNewestCommit) passed.committed.add(channel);
    const standing = body.kind === 'channel.view-changed' ? standingMembers(passed.views, channel, body) : null;
    if (!isNewestCommit && count > most[family]) {
      const beginning = standing === null || body.kind !== 'channel.view-changed' ? null : beginningOf(body, standing);
      return beginning === null ? null : { ...event, body: beginning };
    }
    const block = family === 'block' ? blockOf(body) : null;
    if (!isNewestCommit && block !== null && this.#blocks.get(channel)?.has(block) !== true) return null;
    passed.counts.set(key, count);
    return event;
  }

  #forget(event: LogEvent): void {
    const before = this.#letGo;
    this.#letGo = { count: (before?.count ?? 0) + 1, until: before === null || event.at > before.until ? event.at : before.until };
  }

  #take(event: LogEvent): void {
    this.#heard += 1;
    const { maxTextLength } = this.#limits;
    // A body may share its strings with a long line; what is kept for hours must not.
    const kept: LogEvent =
      event.text.length <= maxTextLength
        ? event
        : {
            ...event,
            body: JSON.parse(JSON.stringify(event.body)) as EventBody,
            text: Buffer.from(`${event.text.slice(0, maxTextLength)}…`, 'utf8').toString('utf8'),
          };
    this.#events.push(kept);
    if (familyOf(event.body) === 'block') this.#noteBlock(event.body);
  }

  #knownChannel(channel: string): string {
    return this.#blocks.has(channel) || this.#blocks.size < this.#limits.maxChannels ? channel : '';
  }

  #noteBlock(body: EventBody): void {
    const block = blockOf(body);
    if (block === null) return;
    const channel = this.#knownChannel(channelOf(body));
    const known = this.#blocks.get(channel) ?? new Set<number>();
    this.#blocks.set(channel, known);
    known.add(block);
    if (known.size <= this.#limits.maxBlocksPerChannel) return;
    const [oldest] = known;
    known.delete(oldest as number);
  }
}

/** The members of a channel's newest view that every view back to `body` holds; `views` remembers them from call to call, newest view first. */
function standingMembers(views: Map<string, Set<string>>, channel: string, body: BodyOf<'channel.view-changed'>): Set<string> {
  const members = new Set(body.members.map((m) => m.endpoint));
  const standing = views.get(channel) ?? members;
  for (const member of standing) if (!members.has(member)) standing.delete(member);
  views.set(channel, standing);
  return standing;
}

/**
 * Of a view that is let go, what still holds: the members that came with it and have been there ever since, so that the page can say since when. Null where
 * none did. They are taken out of `standing`.
 */
function beginningOf(body: BodyOf<'channel.view-changed'>, standing: Set<string>): BodyOf<'channel.view-changed'> | null {
  const begun = (m: ViewMember): boolean => standing.has(m.endpoint) && body.online.some((o) => o.endpoint === m.endpoint);
  const stillThere = body.members.filter((m) => standing.has(m.endpoint));
  if (!stillThere.some(begun)) return null;
  const online = stillThere.filter(begun);
  for (const { endpoint } of online) standing.delete(endpoint);
  return { ...body, online, offline: [], members: stillThere };
}
