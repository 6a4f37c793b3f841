import type { LogEvent } from '../events/event.js';
import type { Instant } from '../events/instant.js';
import type { Oddity } from '../events/oddity.js';
import { OddityCounter } from '../events/oddity.js';
import { ConsoleHeader } from './console-header.js';
import type { Pattern, PatternRecord } from './pattern.js';
import { LEVELS } from './pattern.js';
import { type KnownLogger, knownLogger } from './patterns/catalogue.js';
import { MAX_PROCESS_RUNS, OpenRun, type OpenRunFactory, type ProcessRun, RunTracker, stripColours } from './process-runs.js';
import { parseEpochSeconds, RecordClock, StampReader } from './record-clock.js';
import { parseLogfmt, type RecordFields, stripFields, textOfJsonValue } from './record-fields.js';
import { decodeUtf8, hasNonAscii } from './utf8.js';

export type { ProcessRun } from './process-runs.js';

/** What a log file is, from the outside: the wrapper wins where Docker's json-file driver wrote it. */
export type LogFormat = 'fabric-console' | 'fabric-json' | 'fabric-logfmt' | 'docker-json-file' | 'not-fabric';
/** How the process itself wrote its records. */
export type InnerFormat = 'fabric-console' | 'fabric-json' | 'fabric-logfmt';
/** Who wrapped the lines on their way into the file. */
export type LogWrapper = 'none' | 'docker-timestamps' | 'docker-json-file' | 'compose' | 'cri';

/** What a log held, told at its end. */
export interface LogSummary {
  readonly format: LogFormat;
  /** Null where no Fabric record was found. */
  readonly inner: InnerFormat | null;
  /** Where several occur, the one of most records. */
  readonly wrapper: LogWrapper;
  /** Physical lines. */
  readonly lines: number;
  readonly records: number;
  /** Lines that should have been a record and could not be read, or are not Fabric's. */
  readonly unreadable: number;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly runs: readonly ProcessRun[];
  readonly oddities: readonly Oddity[];
  /** From the file name where Docker or Kubernetes chose it. */
  readonly containerId: string | null;
}

export interface LogDecoderOptions {
  /** Path of the log, for evidence. */
  readonly source: string;
  readonly onEvent: (event: LogEvent) => void;
  /** Offset from UTC of time zone abbreviations that nothing else explains. */
  readonly zoneOffsetMinutes?: number;
}

/** Longest line that is read; the rest of a longer one is skipped. */
const MAX_LINE_LENGTH = 1 << 20;
/** Longest message with its continuation lines. */
const MAX_RECORD_LENGTH = 1 << 20;
const MAX_TEXT_LENGTH = 4096;
/** As much of a message is matched: expressions may take quadratic time on a hostile one. */
const MAX_MATCHED_LENGTH = 64 * 1024;
/** Services told apart by their prefix in one file. */
const MAX_SERVICES = 1000;
/** Bytes of a file's beginning that {@link recognizeLog} looks at. */
const MAX_HEAD_LENGTH = 64 * 1024;
/** A piece of a chunk that is turned into one string. */
const MAX_PIECE_LENGTH = 1 << 20;

const COMPOSE_PREFIX = /^(?:\x1b\[[\d;]*m)*([A-Za-z0-9][\w.-]*) +\|(?:\x1b\[[\d;]*m)*(?: (?:\x1b\[0m)?|$)/;
const CRI_TAG = /^(stdout|stderr) ([FP])(?: |$)/;
const LOGFMT_START = /^ts=[\d.eE+]+ level=\w/;
const FABRIC_JSON_START = /^\{"(?:level|ts)":/;
const DOCKER_JSON_START = /^\{"(?:log|stream|time|attrs)":/;
/** How a console header starts, whatever follows. */
const CONSOLE_START = /^(?:\x1b\[[\d;]*m)?\d{4}-\d\d-\d\d \d\d:\d\d/;
/** A header that is Fabric's as far as it goes: other programs write dates too. */
const TORN_CONSOLE =
  /^\x1b|^\d{4}-\d\d-\d\d \d\d:\d\d(?::\d{0,2}(?:\.\d{0,3})?)?$|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (?:\S{1,6}$|\S{1,6} (?:\[|[0-9a-f]{3,}(?: |$)))/;
/** Header of a record within a line whose beginning is torn. */
const INNER_CONSOLE_START =
  /\x1b\[\d+m\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} |\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]\w* (?:\[|[0-9a-f]{3,} [A-Z]{4})/g;
/** Line starts of other programs' logs: other date layouts, syslog, logrus, JSON. */
const FOREIGN_START =
  /^(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|time="|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{1,3}(?:\.\d{1,3}){3} - |[IWEF]\d{4} \d\d:\d\d:|\{"[^"]+":|(?:INFO|WARN|WARNING|ERROR|DEBUG)[: ])/;

const LEVEL_OF_WORD: Readonly<Record<string, number>> = { debug: 0, info: 1, warn: 2, warning: 2, error: 3, dpanic: 6, panic: 7, fatal: 8 };
const PAYLOAD_LEVEL = 9;
const CONTAINER_ID = /([0-9a-f]{64})(?:-json)?\.log(?:\.\d+)?(?:\.gz)?$/;

/** A record whose lines are still coming. */
interface PendingRecord {
  readonly logger: KnownLogger;
  readonly candidates: readonly Pattern[];
  readonly level: number;
  readonly line: string;
  readonly messageStart: number;
  readonly at: Instant;
  readonly stampMicros: number | null;
  readonly run: number;
  readonly id: number | null;
  readonly lineNumber: number;
  readonly more: string[] | null;
  moreLength: number;
}

/** The lines of one service, or those without a prefix. */
class Service {
  readonly prefix: string | null;
  readonly tracker: RunTracker;
  pending: PendingRecord | null = null;
  hasRecord = false;
  /** Records of JSON and logfmt are one line each: nothing continues them. */
  singleLine = false;
  /** Lines before the first record, and the first of them: the tail of a message, or another program's. */
  leadingLines = 0;
  firstLeading: { readonly line: number; readonly text: string } | null = null;
  lastRun: OpenRun | null = null;
  lastIsDebug = false;
  /** The Go runtime told of a panic: what follows until the next record is its trace. */
  hasCrashed = false;

  constructor(prefix: string | null, tracker: RunTracker) {
    this.prefix = prefix;
    this.tracker = tracker;
  }
}

/** A line that a wrapper delivered in parts. */
interface PartialLine {
  readonly text: string;
  readonly stampMicros: number | null;
  readonly lineNumber: number;
}

/**
 * Reads the bytes of one log and calls `onEvent` for every record that a pattern of the catalogue knows. Works on any split of the bytes
 * into chunks with the same outcome. A record is told as soon as the next one of its service begins, at {@link flush} or at {@link end}.
 * Nothing in the bytes makes it throw: what cannot be read is a counted oddity.
 */
export class LogDecoder {
  readonly #source: string;
  readonly #onEvent: (event: LogEvent) => void;
  readonly #oddities = new OddityCounter();
  readonly #header = new ConsoleHeader();
  readonly #stamps = new StampReader();
  readonly #clock: RecordClock;
  readonly #bare: Service;
  readonly #services = new Map<string, Service>();
  readonly #runs: OpenRun[] = [];
  readonly #partials = new Map<string, PartialLine>();
  readonly #wrapperRecords: Record<LogWrapper, number> = { none: 0, 'docker-timestamps': 0, 'docker-json-file': 0, compose: 0, cri: 0 };
  readonly #innerRecords: Record<InnerFormat, number> = { 'fabric-console': 0, 'fabric-json': 0, 'fabric-logfmt': 0 };
  #carry = '';
  #skipping = false;
  #lineNumber = 0;
  #records = 0;
  #unreadable = 0;
  #from: Instant | null = null;
  #to: Instant | null = null;
  /** Of the line at hand. */
  #wrapper: LogWrapper = 'none';
  #logicalLine = 0;

  constructor(options: LogDecoderOptions) {
    this.#source = options.source;
    this.#onEvent = options.onEvent;
    this.#clock = new RecordClock(options.zoneOffsetMinutes, (zone) =>
      this.#odd('unknown-time-zone', `time zone ${zone === '' ? '(none)' : zone} taken for UTC`, this.#logicalLine),
    );
    this.#bare = this.#newService(null);
  }

  /** Takes the next bytes of the log. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let start = 0; start < bytes.length; start += MAX_PIECE_LENGTH) {
      this.#pushText(bytes.toString('latin1', start, Math.min(start + MAX_PIECE_LENGTH, bytes.length)));
    }
  }

  /** Tells records that are complete as far as they go, for a reader that waits at the end of a growing log. */
  flush(): void {
    this.#finishPending(this.#bare);
    for (const service of this.#services.values()) this.#finishPending(service);
  }

  /** Tells those records that no further line can add to: nothing told so would have been told differently later. */
  flushWhole(): void {
    if (this.#bare.pending?.more === null) this.#finishPending(this.#bare);
    for (const service of this.#services.values()) if (service.pending?.more === null) this.#finishPending(service);
  }

  /** Tells what is left and sums up; the decoder is of no use afterwards. */
  end(): LogSummary {
    if (this.#carry !== '') this.#endLine(this.#carry);
    for (const [key, partial] of this.#partials) {
      this.#logicalLine = partial.lineNumber;
      this.#wrapper = key.startsWith('docker') ? 'docker-json-file' : 'cri';
      this.#readContent(partial.text, partial.stampMicros, this.#bare);
    }
    this.flush();
    for (const service of [this.#bare, ...this.#services.values()]) this.#judgeLeadingLines(service);
    return this.snapshot();
  }

  /** What the log held so far, records still waiting for their end left out; the decoder goes on. */
  snapshot(): LogSummary {
    const wrapper = mostFrequent(this.#wrapperRecords) ?? 'none';
    const inner = mostFrequent(this.#innerRecords);
    return {
      format: inner === null ? 'not-fabric' : wrapper === 'docker-json-file' ? 'docker-json-file' : inner,
      inner,
      wrapper,
      lines: this.#lineNumber,
      records: this.#records,
      unreadable: this.#unreadable,
      from: this.#from,
      to: this.#to,
      runs: this.#runs.map((run) => run.close()),
      oddities: this.#oddities.list(),
      containerId: CONTAINER_ID.exec(this.#source)?.[1] ?? null,
    };
  }

  // ── lines

  #pushText(text: string): void {
    let start = 0;
    let end = text.indexOf('\n');
    if (end !== -1 && (this.#carry !== '' || this.#skipping)) {
      this.#addToCarry(text.slice(0, end));
      this.#endLine(this.#carry);
      start = end + 1;
      end = text.indexOf('\n', start);
    }
    while (end !== -1) {
      if (end - start > MAX_LINE_LENGTH) {
        this.#addToCarry(text.slice(start, end));
        this.#endLine(this.#carry);
      } else {
        this.#lineNumber++;
        this.#readLine(text.slice(start, end));
      }
      start = end + 1;
      end = text.indexOf('\n', start);
    }
    if (start < text.length) this.#addToCarry(text.slice(start));
  }

  #addToCarry(text: string): void {
    const room = MAX_LINE_LENGTH - this.#carry.length;
    if (text.length <= room) {
      this.#carry += text;
      return;
    }
    this.#carry += text.slice(0, room);
    if (!this.#skipping) this.#odd('line-too-long', `line cut at ${MAX_LINE_LENGTH} bytes`, this.#lineNumber + 1);
    this.#skipping = true;
  }

  #endLine(line: string): void {
    this.#carry = '';
    this.#skipping = false;
    this.#lineNumber++;
    this.#readLine(line);
  }

  // ── wrappers

  #readLine(raw: string): void {
    const text = this.#lineNumber === 1 && raw.startsWith(BYTE_ORDER_MARK) ? raw.slice(BYTE_ORDER_MARK.length) : raw;
    const line = text.charCodeAt(text.length - 1) === 13 ? text.slice(0, -1) : text;
    this.#logicalLine = this.#lineNumber;
    this.#wrapper = 'none';
    const first = line.charCodeAt(0);
    const stamped = first >= 48 && first <= 57 && line.charCodeAt(10) === 84;
    if (stamped && this.#readStamped(line, this.#bare)) return;
    if (this.#header.parse(line)) this.#readConsoleRecord(line, null, this.#bare);
    else if (first === 0x7b && DOCKER_JSON_START.test(line)) this.#readDockerJson(line);
    else if (!this.#readPrefixed(line)) this.#readContent(line, null, this.#bare);
  }

  /** A line behind a `docker logs -t` stamp or a CRI header; false when it does not start with one. */
  #readStamped(line: string, service: Service): boolean {
    if (line.charCodeAt(10) !== 84) return false;
    const stampMicros = this.#stamps.read(line, 0);
    if (stampMicros === null) return false;
    const rest = line.slice(this.#stamps.end + 1);
    const cri = CRI_TAG.exec(rest);
    if (cri === null) {
      if (service.prefix === null) this.#wrapper = 'docker-timestamps';
      this.#readContent(rest, stampMicros, service);
      return true;
    }
    this.#wrapper = 'cri';
    this.#joinParts(`cri ${cri[1]}`, rest.slice(cri[0].length), cri[2] === 'F', stampMicros);
    return true;
  }

  #readDockerJson(line: string): void {
    const record = parseDockerRecord(line);
    if (record === null) {
      this.#tear(line);
      const rest = line.lastIndexOf('{"log":"');
      if (rest > 0) this.#readDockerJson(line.slice(rest));
      return;
    }
    this.#wrapper = 'docker-json-file';
    const stampMicros = this.#stamps.read(record.time, 0);
    const key = record.stream === 'stdout' ? 'docker stdout' : 'docker stderr';
    const { log } = record;
    let start = 0;
    for (let end = log.indexOf('\n'); end !== -1; end = log.indexOf('\n', start)) {
      this.#joinParts(key, log.slice(start, end), true, stampMicros);
      start = end + 1;
    }
    if (start < log.length) this.#joinParts(key, log.slice(start), false, stampMicros);
  }

  /** Puts together a line that the runtime split, keeping stamp and place of its first part. */
  #joinParts(key: string, part: string, complete: boolean, stampMicros: number | null): void {
    const begun = this.#partials.get(key);
    if (!complete) {
      const text = (begun?.text ?? '') + part;
      if (text.length > MAX_LINE_LENGTH) this.#odd('line-too-long', `line cut at ${MAX_LINE_LENGTH} bytes`, this.#lineNumber);
      this.#partials.set(key, {
        text: text.slice(0, MAX_LINE_LENGTH),
        stampMicros: begun === undefined ? stampMicros : begun.stampMicros,
        lineNumber: begun?.lineNumber ?? this.#lineNumber,
      });
      return;
    }
    let text = part;
    let stamp = stampMicros;
    if (begun !== undefined) {
      this.#partials.delete(key);
      text = (begun.text + part).slice(0, MAX_LINE_LENGTH);
      stamp = begun.stampMicros;
      this.#logicalLine = begun.lineNumber;
    }
    this.#readContent(text.endsWith('\r') ? text.slice(0, -1) : text, stamp, this.#bare);
  }

  /**
   * A line behind a docker-compose prefix; false when there is none. A prefix is believed when a Fabric record follows it, or once one has
   * been seen in this log: `word | text` may be anybody's text.
   */
  #readPrefixed(line: string): boolean {
    const bar = line.indexOf('|');
    if (bar === -1 || bar > 256) return false;
    const prefix = COMPOSE_PREFIX.exec(line);
    if (prefix === null) return false;
    const name = prefix[1] as string;
    const rest = line.slice(prefix[0].length);
    if (this.#services.size === 0 && !this.#startsRecord(rest)) return false;
    this.#wrapper = 'compose';
    const service = this.#serviceOf(name);
    if (!this.#readStamped(rest, service)) this.#readContent(rest, null, service);
    return true;
  }

  #startsRecord(text: string): boolean {
    const stamped = text.charCodeAt(10) === 84 && this.#stamps.read(text, 0) !== null;
    const rest = stamped ? text.slice(this.#stamps.end + 1) : text;
    return this.#header.parse(rest) || FABRIC_JSON_START.test(rest) || LOGFMT_START.test(rest);
  }

  #serviceOf(name: string): Service {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    if (this.#services.size >= MAX_SERVICES) {
      this.#odd('too-many-services', name, this.#logicalLine);
      return this.#bare;
    }
    const service = this.#newService(Buffer.from(name, 'latin1').toString('latin1'));
    this.#services.set(service.prefix as string, service);
    return service;
  }

  #newService(prefix: string | null): Service {
    const onTie = (line: number): void => this.#odd('ambiguous-process', 'two interleaved processes count alike', line);
    return new Service(prefix, new RunTracker(prefix, this.#openRun, onTie));
  }

  readonly #openRun: OpenRunFactory = (prefix, id, banner, at, line) => {
    const last = this.#runs.at(-1);
    if (last !== undefined && this.#runs.length >= MAX_PROCESS_RUNS) {
      this.#odd('too-many-process-runs', `more than ${MAX_PROCESS_RUNS} processes in one log`, line);
      return last;
    }
    const run = new OpenRun(this.#runs.length, prefix, id, banner, at, line);
    this.#runs.push(run);
    return run;
  };

  // ── records

  #readContent(text: string, stampMicros: number | null, service: Service): void {
    const first = text.charCodeAt(0);
    if (this.#header.parse(text)) {
      this.#readConsoleRecord(text, stampMicros, service);
      return;
    }
    if (first === 0x7b && this.#readJson(text, stampMicros, service)) return;
    if (first === 0x74 && LOGFMT_START.test(text) && this.#readLogfmt(text, stampMicros, service)) return;
    // Colours written out, as an extractor that does not decode JSON leaves them.
    if (first === 0x5c && text.startsWith('\\u001b[')) {
      const plain = text.replaceAll('\\u001b', '\x1b').replaceAll('\\u003e', '>').replaceAll('\\u003c', '<').replaceAll('\\u0026', '&');
      this.#readContent(plain, stampMicros, service);
      return;
    }
    if (CONSOLE_START.test(text)) this.#readTornConsole(text, stampMicros, service);
    else this.#readContinuation(text, service);
  }

  /** A line that starts like a record but is none; another process may have started its own record behind the torn one. */
  #readTornConsole(text: string, stampMicros: number | null, service: Service): void {
    INNER_CONSOLE_START.lastIndex = 1;
    for (let match = INNER_CONSOLE_START.exec(text); match !== null; match = INNER_CONSOLE_START.exec(text)) {
      const rest = text.slice(match.index);
      if (!this.#header.parse(rest)) continue;
      this.#tear(text);
      this.#readConsoleRecord(rest, stampMicros, service);
      return;
    }
    if (TORN_CONSOLE.test(text)) this.#tear(text);
    else this.#readContinuation(text, service);
  }

  #tear(text: string): void {
    this.#unreadable++;
    this.#odd('torn-record', text, this.#logicalLine);
  }

  #readContinuation(text: string, service: Service): void {
    const crashedRun = GO_CRASH.test(text) ? service.lastRun : null;
    if (crashedRun !== null) {
      this.#finishPending(service);
      if (!service.hasCrashed) this.#noteCrash(crashedRun, crashedRun.lastAt, text);
      service.hasCrashed = true;
    }
    if (service.hasCrashed) return;
    // At DEBUG 1.x prints raw PKI-IDs, which hold any byte; elsewhere control bytes are damage.
    if (service.hasRecord && !service.lastIsDebug && CONTROL_BYTES.test(text)) {
      this.#unreadable++;
      this.#odd('binary-bytes', text, this.#logicalLine);
      return;
    }
    const pending = service.pending;
    if (service.hasRecord && !service.singleLine) {
      if (pending === null || pending.more === null) {
        if (text !== '' && FOREIGN_START.test(text)) this.#countForeign(text);
        return;
      }
      if (pending.moreLength + text.length > MAX_RECORD_LENGTH) {
        this.#odd('record-too-long', pending.line, pending.lineNumber);
        return;
      }
      pending.more.push(text);
      pending.moreLength += text.length + 1;
      return;
    }
    if (text.trim() === '') return;
    if (service.hasRecord || FOREIGN_START.test(text)) {
      this.#countForeign(text);
      return;
    }
    service.leadingLines++;
    service.firstLeading ??= { line: this.#logicalLine, text: decodeUtf8(text.slice(0, 600)) };
  }

  #countForeign(text: string): void {
    this.#unreadable++;
    this.#odd('not-fabric-line', text, this.#logicalLine);
  }

  /** Lines before a service's first record: another program's where no record followed, else the tail of a message, counted once. */
  #judgeLeadingLines(service: Service): void {
    const first = service.firstLeading;
    if (first === null) return;
    const count = service.hasRecord ? 1 : service.leadingLines;
    if (!service.hasRecord) this.#unreadable += count;
    const kind = service.hasRecord ? 'orphan-continuation' : 'not-fabric-line';
    this.#oddities.add(kind, first.text, { source: this.#source, line: first.line }, count);
    service.firstLeading = null;
    service.leadingLines = 0;
  }

  #readConsoleRecord(line: string, stampMicros: number | null, service: Service): void {
    this.#finishPending(service);
    const header = this.#header;
    const at = this.#clock.instantOf(header.localMicros, header.zone, stampMicros);
    const logger = knownLogger(line.slice(header.loggerStart, header.loggerEnd));
    const { messageStart, level } = header;
    const banner = logger.printsBanner && startsBanner(line, messageStart);
    const run = service.tracker.runOfId(header.id, banner, at, this.#logicalLine);
    service.singleLine = false;
    this.#countRecord('fabric-console', service, run, logger, level, at, line);
    if (logger.printsBanner) noteStart(run, banner, line.startsWith(STARTED_PEER, messageStart));
    if (!logger.isKnown) return;
    const candidates = candidatesOf(logger, level, line, messageStart);
    if (candidates === null) {
      this.#judgeUnmatched(logger, level, line, messageStart);
      return;
    }
    service.pending = {
      logger,
      candidates,
      level,
      line,
      messageStart,
      at,
      stampMicros,
      run: run.index,
      id: header.id,
      lineNumber: this.#logicalLine,
      more: candidates.some((pattern) => pattern.multiLine) ? [] : null,
      moreLength: 0,
    };
  }

  #countRecord(inner: InnerFormat, service: Service, run: OpenRun, logger: KnownLogger, level: number, at: Instant, line: string): void {
    if (!service.hasRecord) {
      service.hasRecord = true;
      this.#judgeLeadingLines(service);
    }
    this.#records++;
    this.#wrapperRecords[this.#wrapper]++;
    this.#innerRecords[inner]++;
    if (this.#from === null || at < this.#from) this.#from = at;
    if (this.#to === null || at > this.#to) this.#to = at;
    service.lastRun = run;
    service.lastIsDebug = level === DEBUG_LEVEL;
    service.hasCrashed = false;
    if (level === PANIC_LEVEL || level === FATAL_LEVEL) this.#noteCrash(run, at, line);
    run.records++;
    run.levels[level] = (run.levels[level] as number) + 1;
    if (logger.isGossip && run.startedPeer) run.gossipLevels[level] = (run.gossipLevels[level] as number) + 1;
    if (at > run.lastAt) run.lastAt = at;
    else if (at < run.firstAt) run.firstAt = at;
    run.lastLine = this.#logicalLine;
    run.lastText = line;
  }

  /** A record at PANIC or FATAL level, or the Go runtime's own word, is the last of its process. */
  #noteCrash(run: OpenRun, at: Instant, line: string): void {
    const text = decodeUtf8(stripColours(line.slice(0, 2 * MAX_TEXT_LENGTH))).slice(0, MAX_TEXT_LENGTH);
    this.#onEvent({
      body: { kind: 'process.stopping', how: 'panic', signal: null },
      at,
      stampMicros: null,
      run: run.index,
      id: null,
      line: this.#logicalLine,
      text,
    });
  }

  #judgeUnmatched(logger: KnownLogger, level: number, line: string, messageStart: number): void {
    if (logger.isClaimed && level >= 1 && level <= 5) {
      this.#odd('unrecognised-line', `[${logger.name}] ${LEVELS[level]} ${line.slice(messageStart, messageStart + 300)}`, this.#logicalLine);
    }
  }

  #finishPending(service: Service): void {
    const pending = service.pending;
    if (pending === null) return;
    service.pending = null;
    const text = decodeUtf8(stripColours(pending.line.slice(0, 2 * MAX_TEXT_LENGTH))).slice(0, MAX_TEXT_LENGTH);
    const firstLine = decodeUtf8(stripColours(pending.line.slice(pending.messageStart, pending.messageStart + MAX_MATCHED_LENGTH)));
    const stripped = stripFields(firstLine);
    const more = pending.more === null || pending.more.length === 0 ? '' : `\n${decodeUtf8(stripColours(pending.more.join('\n')))}`;
    this.#emit(pending, pending.candidates, stripped.message, stripped.message + more, stripped.fields, text);
  }

  /** Tells the event of a record whose message one of `candidates` may match. */
  #emit(
    place: Pick<PendingRecord, 'logger' | 'level' | 'at' | 'stampMicros' | 'run' | 'id' | 'lineNumber'>,
    candidates: readonly Pattern[],
    message: string,
    whole: string,
    fields: RecordFields,
    text: string,
  ): void {
    const { logger, at, stampMicros, run, id, lineNumber } = place;
    const level = LEVELS[place.level] as PatternRecord['level'];
    for (const pattern of candidates) {
      const match = pattern.message.exec((pattern.multiLine ? whole : message).slice(0, MAX_MATCHED_LENGTH));
      if (match === null) continue;
      if (pattern.toEvent === null) return;
      const groups = match.groups ?? {};
      const body = pattern.toEvent((name) => groups[name] ?? '', { logger: logger.name, level, at, message, whole, fields });
      if (body === null) this.#odd('unparsable-line', text, lineNumber, true);
      else this.#onEvent({ body, at, stampMicros, run, id, line: lineNumber, text });
      return;
    }
    if (logger.isClaimed && place.level >= 1 && place.level <= 5) {
      this.#odd('unrecognised-line', `[${logger.name}] ${level} ${message}`, lineNumber, true);
    }
  }

  /** A JSON line: Fabric's record, torn, or another program's. False when it may be part of a message. */
  #readJson(text: string, stampMicros: number | null, service: Service): boolean {
    const record = parseObject(text);
    if (record === null) {
      if (!FABRIC_JSON_START.test(text)) return false;
      this.#tear(text);
      const rest = Math.max(text.lastIndexOf('{"level":'), text.lastIndexOf('{"ts":'));
      if (rest > 0) this.#readJson(text.slice(rest), stampMicros, service);
      return true;
    }
    const { level, ts, name, msg, caller: _caller, stacktrace: _stacktrace, ...rest } = record;
    if (typeof level !== 'string' || typeof msg !== 'string' || (typeof ts !== 'number' && typeof ts !== 'string')) return false;
    const at = parseEpochSeconds(typeof ts === 'string' ? ts : decimalTextOf(text, ts));
    if (at === null) {
      this.#tear(text);
      return true;
    }
    const fields = new Map(Object.entries(rest).map(([key, value]) => [key, textOfJsonValue(value)]));
    this.#readPlainRecord('fabric-json', service, at, stampMicros, level, typeof name === 'string' ? name : '', msg, fields, text);
    return true;
  }

  #readLogfmt(text: string, stampMicros: number | null, service: Service): boolean {
    const pairs = parseLogfmt(hasNonAscii(text) ? decodeUtf8(text) : text);
    const at = parseEpochSeconds(pairs?.get('ts') ?? '');
    const msg = pairs?.get('msg');
    const level = pairs?.get('level');
    if (pairs === null || at === null || msg === undefined || level === undefined) {
      this.#tear(text);
      return true;
    }
    const name = pairs.get('name') ?? '';
    for (const key of ['ts', 'level', 'name', 'caller', 'msg', 'stacktrace']) pairs.delete(key);
    this.#readPlainRecord('fabric-logfmt', service, at, stampMicros, level, name, msg, pairs, text);
    return true;
  }

  /** A record of one line with named parts and no id. */
  #readPlainRecord(
    inner: InnerFormat,
    service: Service,
    at: Instant,
    stampMicros: number | null,
    levelWord: string,
    name: string,
    msg: string,
    fields: RecordFields,
    text: string,
  ): void {
    this.#finishPending(service);
    const logger = knownLogger(name);
    const level = LEVEL_OF_WORD[levelWord.toLowerCase()] ?? PAYLOAD_LEVEL;
    const banner = logger.printsBanner && startsBanner(msg, 0);
    const startsProcess = logger.printsBeforeBanner || (logger.printsBanner && msg.startsWith('Orderer config values:'));
    const run = service.tracker.runWithoutId(startsProcess, banner, at, this.#logicalLine);
    service.singleLine = true;
    this.#countRecord(inner, service, run, logger, level, at, text);
    if (logger.printsBanner) noteStart(run, banner, msg.startsWith(STARTED_PEER));
    if (!logger.isKnown) return;
    const lineFeed = msg.indexOf('\n');
    const message = lineFeed === -1 ? msg : msg.slice(0, lineFeed);
    const candidates = candidatesOf(logger, level, message, 0);
    if (candidates === null) {
      this.#judgeUnmatched(logger, level, message, 0);
      return;
    }
    const place = { logger, level, at, stampMicros, run: run.index, id: null, lineNumber: this.#logicalLine };
    this.#emit(place, candidates, message, msg, fields, decodeUtf8(text.slice(0, 2 * MAX_TEXT_LENGTH)).slice(0, MAX_TEXT_LENGTH));
  }

  #odd(kind: string, example: string, line: number, decoded = false): void {
    const text = decoded ? example : decodeUtf8(stripColours(example.slice(0, 600)));
    this.#oddities.add(kind, text, { source: this.#source, line });
  }
}

const STARTED_PEER = 'Started peer with ID=';

/** UTF-8's byte order mark, seen as latin1: some editors and shells put it before a text. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** Bytes that no text line holds: all controls but tab and escape. */
const CONTROL_BYTES = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]/;

const DEBUG_LEVEL = LEVELS.indexOf('DEBU');
const PANIC_LEVEL = LEVELS.indexOf('PANI');
const FATAL_LEVEL = LEVELS.indexOf('FATA');

/** How the Go runtime begins to tell that the process dies (runtime/panic.go). */
const GO_CRASH = /^(?:panic|fatal error): /;

function startsBanner(line: string, at: number): boolean {
  return line.startsWith('Starting peer:', at) || line.startsWith('Starting orderer:', at);
}

function noteStart(run: OpenRun, banner: boolean, startedPeer: boolean): void {
  if (banner) run.hasBanner = true;
  if (startedPeer) run.startedPeer = true;
}

/** The patterns whose literal stands in the record's first line, or null when there is none. */
function candidatesOf(logger: KnownLogger, level: number, line: string, messageStart: number): readonly Pattern[] | null {
  const probes = logger.probesByLevel[level];
  if (probes === undefined) return null;
  let found: Pattern[] | null = null;
  for (const { pattern, opens } of probes) {
    const present = opens ? line.startsWith(pattern.hint, messageStart) : line.includes(pattern.hint, messageStart);
    if (!present) continue;
    if (found === null) found = [pattern];
    else found.push(pattern);
  }
  return found;
}

function mostFrequent<K extends string>(counts: Readonly<Record<K, number>>): K | null {
  let best: K | null = null;
  for (const key of Object.keys(counts) as K[]) if (counts[key] > (best === null ? 0 : counts[best])) best = key;
  return best;
}

function parseObject(latin1: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(hasNonAscii(latin1) ? decodeUtf8(latin1) : latin1);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The digits of the number `ts` as the record writes them: its double has already lost some. */
function decimalTextOf(text: string, ts: number): string {
  for (const [, digits] of text.matchAll(/"ts":\s*([\d.eE+-]+)/g)) if (Number(digits) === ts) return digits as string;
  return String(ts);
}

/** Escapes of characters beyond ASCII: they stand for UTF-8 bytes of the log. */
const WIDE_ESCAPE = /\\u(?!00[0-7])/;

/** How the driver ends a record: only the text before it needs unescaping. */
const DRIVER_TAIL = /","stream":"(stdout|stderr)","time":"([^"\\]{20,36})"\}$/;

interface DockerRecord {
  /** As latin1 bytes. */
  readonly log: string;
  readonly stream: string;
  readonly time: string;
}

/** A record of Docker's json-file driver; null when it is torn. */
function parseDockerRecord(line: string): DockerRecord | null {
  try {
    const wide = line.includes('\\u') && WIDE_ESCAPE.test(line);
    if (!wide) {
      const match = DRIVER_TAIL.exec(line.slice(-80));
      if (match !== null && line.startsWith('{"log":"')) {
        const literal = line.slice(7, line.length - match[0].length + 1);
        return { log: JSON.parse(literal) as string, stream: match[1] as string, time: match[2] as string };
      }
    }
    const value = JSON.parse(wide ? decodeUtf8(line) : line) as { readonly log?: unknown; readonly stream?: unknown; readonly time?: unknown };
    if (typeof value.log !== 'string') return null;
    return {
      log: wide ? Buffer.from(value.log, 'utf8').toString('latin1') : value.log,
      stream: value.stream === 'stdout' ? 'stdout' : 'stderr',
      time: typeof value.time === 'string' ? value.time : '',
    };
  } catch {
    return null;
  }
}

/** What the first bytes of a file are: `not-fabric` when no Fabric record is within the first 64 KiB. */
export function recognizeLog(head: Uint8Array): LogFormat {
  const decoder = new LogDecoder({ source: '', onEvent: () => {} });
  decoder.push(head.subarray(0, MAX_HEAD_LENGTH));
  return decoder.end().format;
}
