import { hostname, userInfo } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { OperationalError } from '../recording/operational-error.js';
import { WAITING_WORDS } from '../report/live/messages.js';
import { analyzeInto } from './analyze.js';
import { terminalProgress } from './progress.js';
import { describeRecording } from './record.js';
import { type RecordingArguments, startRecording, untilSignal, withRecordingOptions } from './recording-run.js';
import { summarize } from './summary.js';
import { toolVersion } from './version.js';
import { isLoopback } from './watch/access.js';
import { DEFAULT_PORT, LiveServer } from './watch/live-server.js';
import { LiveShow } from './watch/live-show.js';
import { readLivePage } from './watch/page-parts.js';
import { TerminalView } from './watch/terminal-view.js';

export interface WatchArguments extends RecordingArguments {
  readonly port: number | undefined;
  readonly host: string;
}

/** `gossipscope watch`: records like `record` and shows it live, on a page and in the terminal; at the end there is a recording and its report. */
export const watchCommand: CommandModule<object, WatchArguments> = {
  command: 'watch',
  describe: 'show live what gossip does in a running Fabric network, and record it',
  builder: (yargs) =>
    withRecordingOptions(yargs)
      .option('port', { type: 'number', requiresArg: true, describe: `port of the page [default: ${DEFAULT_PORT}, else a free one]` })
      .option('host', {
        type: 'string',
        requiresArg: true,
        default: '127.0.0.1',
        describe: 'interface of the page; any but this machine’s own wants a token',
      })
      .group(['port', 'host'], 'The page:')
      .example('$0 watch', 'what runs on this engine, until Ctrl-C')
      .example('$0 watch --wait', 'then, in another terminal: ./byfn.sh up'),
  handler: watch,
};

/** What was said while the live view was on the screen: its newest lines are written afterwards. */
const MAX_SAID_MEANWHILE = 20;

async function watch(args: WatchArguments): Promise<void> {
  const port = portOf(args.port);
  const signal = untilSignal();
  const show = new LiveShow({ toolVersion: toolVersion(), page: readLivePage() });
  const server = new LiveServer({ host: args.host, port, content: show.content });
  const address = await server.start();
  show.start((update) => server.publish(update));
  const screen = process.stdout.isTTY ? new TerminalView(process.stdout, address, () => show.glance, wantsColours()) : null;
  /** While the screen is the live view's, what is said waits; on no terminal it is written as it comes. */
  const saidMeanwhile: string[] = [];
  try {
    const say = (text: string): void => {
      const line = `${new Date().toISOString().slice(11, 19)} ${text}`;
      if (screen?.isOpen === true) saidMeanwhile.push(line);
      else process.stdout.write(`${line}\n`);
    };
    process.stdout.write(`${addressLines(address, server.port, args.host).join('\n')}\n`);
    const run = await startRecording(args, [show], say);
    show.recordsInto(run.folder);
    if (run.attached === 0) process.stdout.write(`${WAITING_WORDS}\n`);
    screen?.open();
    const reason = await Promise.race([signal, run.ended]);
    screen?.close();
    const progress = terminalProgress();
    progress.say('ending: reading the last lines, verifying the captures');
    const manifest = await run.finish(reason);
    await show.finish();
    progress.done();
    process.stdout.write(`${[...saidMeanwhile.slice(-MAX_SAID_MEANWHILE), ...describeRecording(run.folder, manifest)].join('\n')}\n`);
    if (manifest.logs.length === 0 && manifest.captures.every((c) => c.packets === 0)) {
      process.stdout.write(`nothing came in: there is no report\nrecording: ${run.folder}\n`);
    } else {
      const { analysis, out } = await analyzeInto([run.folder], {
        out: join('reports', basename(resolve(run.folder))),
        names: new Map(),
        zoneOffsetMinutes: null,
        pngs: true,
        progress,
      });
      const report = join(relative('.', out) || '.', 'report.html');
      show.reported(report);
      process.stdout.write(`${summarize(analysis).join('\n')}\nrecording: ${run.folder}\nreport: ${report}\n`);
    }
    await server.close();
    // Streams of an engine that went away may still be open.
    process.exit(reason === 'disk-full' ? 1 : 0);
  } finally {
    screen?.close();
    await show.close();
    await server.close();
  }
}

function portOf(port: number | undefined): number | null {
  if (port === undefined) return null;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new OperationalError({
      what: `--port ${port} is not understood`,
      why: 'it is no port',
      hint: `--port ${DEFAULT_PORT}; 0 takes a free one`,
    });
  return port;
}

/** no-color.org: any value but the empty one. */
const wantsColours = (): boolean => (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';

/** Where the page is, and over SSH how to bring it to the machine that the user sits at. */
function addressLines(address: string, port: number, host: string): readonly string[] {
  const page = `page: ${address}`;
  if ((process.env['SSH_CONNECTION'] ?? '') === '' || !isLoopback(host)) return [page];
  // The third field is this machine's address as the client reached it (OpenSSH, session.c).
  const [, , own] = (process.env['SSH_CONNECTION'] as string).split(' ');
  return [page, `on your own machine first: ssh -L ${port}:127.0.0.1:${port} ${userInfo().username}@${own ?? hostname()}`];
}
