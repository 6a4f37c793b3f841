import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import ndjson from 'ndjson';
import type { CommandModule } from 'yargs';
import { addFrameTexts, analyze } from '../analysis/analyze.js';
import type { Analysis, Connection } from '../analysis/contract.js';
import { drawCharts } from '../charts/catalogue.js';
import type { TimelineEvent } from '../events/event.js';
import { formatInstant, type Instant } from '../events/instant.js';
import { STANDARD_INPUT } from '../recording/files.js';
import { OperationalError } from '../recording/operational-error.js';
import { renderReport } from '../report/document.js';
import { jsonPieces } from './json-pieces.js';
import { type Progress, terminalProgress } from './progress.js';
import { readFrameTexts, readRecording } from './read-recording.js';
import { summarize } from './summary.js';
import { toolVersion } from './version.js';

export interface AnalyzeArguments {
  readonly paths: string[] | undefined;
  readonly out: string | undefined;
  readonly node: string[] | undefined;
  readonly 'utc-offset': string | undefined;
  readonly charts: boolean;
}

/** `gossipscope analyze`: from what was recorded to analysis.json, events.ndjson, charts and the report. */
export const analyzeCommand: CommandModule<object, AnalyzeArguments> = {
  command: 'analyze [paths..]',
  describe: 'reconstruct what gossip did from logs, captures and inspect output, and write a report',
  builder: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'folders and files in any mixture, gzipped or not; - is standard input' })
      .option('out', { alias: 'o', type: 'string', requiresArg: true, describe: 'folder to write [default: reports/NAME]' })
      .option('node', { type: 'string', array: true, requiresArg: true, describe: 'FILE=NAME: whose log FILE is, where nothing in it says' })
      .option('utc-offset', { type: 'string', requiresArg: true, describe: '+hh:mm of log times whose zone abbreviation is not UTC' })
      .option('charts', { type: 'boolean', default: true, describe: 'write chart PNGs (--no-charts: only JSON and HTML)' })
      .example('$0 analyze captures/byfn-bootstrap-steps', 'a recorded folder')
      .example('docker logs peer0 2>&1 | $0 analyze - capture.pcap', 'a log from a pipe and a capture'),
  handler: run,
};

const requireText = (text: string): string => readFileSync(new URL(text, import.meta.url), 'utf8');

async function run(args: AnalyzeArguments): Promise<void> {
  // yargs drops a bare `-` from positional arguments.
  const paths = [...(args.paths ?? []), ...(process.argv.includes(STANDARD_INPUT) ? [STANDARD_INPUT] : [])];
  if (paths.length === 0)
    throw new OperationalError({
      what: 'nothing to analyze was named',
      why: 'analyze wants at least one folder or file',
      hint: 'gossipscope analyze FOLDER',
    });
  const progress = terminalProgress();
  const { analysis, out } = await analyzeInto(paths, {
    out: args.out ?? null,
    names: parseNames(args.node ?? []),
    zoneOffsetMinutes: parseUtcOffset(args['utc-offset']),
    pngs: args.charts,
    progress,
  });
  process.stdout.write(`${summarize(analysis).join('\n')}\nreport: ${join(relative('.', out) || '.', 'report.html')}\n`);
}

export interface AnalyzeOptions {
  /** The folder to write; null: `reports/` and the name of what is analyzed. */
  readonly out: string | null;
  /** Source path (or its end) → node name. */
  readonly names: ReadonlyMap<string, string>;
  readonly zoneOffsetMinutes: number | null;
  /** Whether charts are written as PNG files too. */
  readonly pngs: boolean;
  readonly progress: Progress;
}

/**
 * Analyzes `paths` and writes analysis.json, events.ndjson, charts and report.html. Returns the analysis and the folder they are in. Throws an
 * {@link OperationalError} when nothing can be read or the folder cannot be written.
 */
export async function analyzeInto(paths: readonly string[], options: AnalyzeOptions): Promise<{ readonly analysis: Analysis; readonly out: string }> {
  const { names, zoneOffsetMinutes, progress } = options;
  const { recorded, root, files } = await readRecording({ paths, names, zoneOffsetMinutes, progress });
  progress.say('reconstructing');
  const result = analyze(recorded, toolVersion());
  const analysis = addFrameTexts(result.analysis, await readFrameTexts(files, result.citedFrames));
  const out = resolve(options.out ?? join('reports', basename(root)));
  await writeOutputs(out, analysis, result.events, options.pngs, (text) => progress.say(text));
  progress.done();
  return { analysis, out };
}

/** The report of `analysis` as one HTML document. `writePng`, where given, gets every chart as a PNG. */
export async function drawReport(analysis: Analysis, writePng: ((name: string, png: Uint8Array) => void) | null): Promise<string> {
  const charts = drawCharts(analysis);
  const { ChartRenderer } = await import('../charts/renderer.js');
  const renderer = new ChartRenderer();
  if (writePng !== null) for (const chart of charts) writePng(chart.name, renderer.renderPng(chart));
  return renderReport(analysis, {
    style: requireText('../../../src/report/style.css'),
    script: requireText('../report/page.js'),
    charts: charts.map((chart) => ({ chart, svg: renderer.renderSvg(chart) })),
  });
}

function parseNames(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((pair) => {
      const equals = pair.lastIndexOf('=');
      if (equals <= 0 || equals === pair.length - 1)
        throw new OperationalError({
          what: `--node ${pair} is not understood`,
          why: 'it is not of the form FILE=NAME',
          hint: '--node tail.log=peer0.org1.example.com',
        });
      return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
    }),
  );
}

function parseUtcOffset(text: string | undefined): number | null {
  if (text === undefined) return null;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(text);
  if (match === null)
    throw new OperationalError({ what: `--utc-offset ${text} is not understood`, why: 'it is not of the form +hh:mm', hint: '--utc-offset +01:00' });
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

async function writeOutputs(
  out: string,
  analysis: Analysis,
  events: readonly TimelineEvent[],
  pngs: boolean,
  say: (text: string) => void,
): Promise<void> {
  try {
    mkdirSync(pngs ? join(out, 'charts') : out, { recursive: true });
    await pipeline(Readable.from(analysisText(analysis)), createWriteStream(join(out, 'analysis.json')));
    await pipeline(
      Readable.from(eventRecords(events, analysis.gossip.connections)),
      ndjson.stringify(),
      createWriteStream(join(out, 'events.ndjson')),
    );
    say('drawing charts');
    const report = await drawReport(analysis, pngs ? (name, png) => writeFileSync(join(out, 'charts', `${name}.png`), png) : null);
    writeFileSync(join(out, 'report.html'), report);
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E(?:ACCES|PERM|ROFS|NOSPC|NOTDIR|EXIST)$/.test(error.code)) {
      throw new OperationalError({ what: `cannot write to ${out}`, why: error.message, hint: 'choose another folder with --out' });
    }
    throw error;
  }
}

function* analysisText(analysis: Analysis): Generator<string> {
  yield* jsonPieces(analysis);
  yield '\n';
}

type EventRecord = Readonly<Record<string, unknown>> & { readonly at: string };

/** The timeline as it is written: what logs tell and the connections of the packets, in order of time. */
function eventRecords(events: readonly TimelineEvent[], connections: readonly Connection[]): readonly EventRecord[] {
  const onWire = connections.flatMap((c): readonly EventRecord[] => {
    const ends = { node: c.from, to: c.to };
    return [
      ...(c.openedAt === null
        ? []
        : [{ at: c.openedAt, ...ends, kind: 'net.connection-opened', outcome: c.outcome, tls: c.tls, evidence: c.evidence }]),
      ...(c.closedAt === null ? [] : [{ at: c.closedAt, ...ends, kind: 'net.connection-closed', bytes: c.bytes, evidence: c.evidence }]),
    ];
  });
  // A stable sort: events of one moment keep the timeline's order.
  return [...events.map(eventRecord), ...onWire].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Fields of event bodies that are instants. */
const MOMENTS: ReadonlySet<string> = new Set(['expiresAt', 'deadline']);

/** One event of `events.ndjson`: when, where, what, and the place that shows it. */
function eventRecord(event: TimelineEvent): EventRecord {
  const { kind, ...rest } = event.body;
  // The moments that a body holds are written as times, like every other.
  const moments = Object.fromEntries(
    Object.entries(rest).flatMap(([key, value]) => (MOMENTS.has(key) && typeof value === 'number' ? [[key, formatInstant(value as Instant)]] : [])),
  );
  return { at: formatInstant(event.at), node: event.node, kind, ...rest, ...moments, evidence: event.evidence };
}
