import type { CommandModule } from 'yargs';
import { countOf } from '../analysis/phrases.js';
import type { EndReason, Manifest } from '../recording/manifest.js';
import { terminalProgress } from './progress.js';
import { type RecordingArguments, startRecording, untilSignal, withRecordingOptions } from './recording-run.js';

/** `gossipscope record`: attaches to a running network, or one that is to come, and keeps what it says and sends. */
export const recordCommand: CommandModule<object, RecordingArguments> = {
  command: 'record',
  describe: 'record a running Fabric network: logs, packets, what Docker and you did',
  builder: (yargs) =>
    withRecordingOptions(yargs)
      .example('$0 record', 'what runs on this engine, until Ctrl-C')
      .example('$0 record --wait --out captures/first', 'then, in another terminal: ./byfn.sh up')
      .example('$0 record --until "block 5 on mychannel"', 'until every recorded peer has committed block 5'),
  handler: record,
};

const WHY_ENDED: Readonly<Record<EndReason, string>> = {
  signal: 'as asked',
  duration: 'its time is over',
  until: 'what it waited for came true',
  size: 'it has reached its size',
  'disk-full': 'the disk is full; what was written before is whole',
};

async function record(args: RecordingArguments): Promise<void> {
  const signal = untilSignal();
  const progress = terminalProgress();
  const say = (text: string): void => {
    if (!process.stderr.isTTY) return;
    progress.done();
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  };
  const run = await startRecording(args, [], say);
  const what = run.attached > 0 ? countOf(run.attached, 'container') : 'a network that is to come';
  process.stdout.write(`recording ${what} into ${run.folder}; Ctrl-C ends it\n${run.capturing}\n`);
  const reason = await Promise.race([signal, run.ended]);
  progress.say('ending: reading the last lines, verifying the captures');
  const manifest = await run.finish(reason);
  progress.done();
  process.stdout.write(`${[...describeRecording(run.folder, manifest), `next: gossipscope analyze ${run.folder}`].join('\n')}\n`);
  // Streams of an engine that went away may still be open.
  process.exit(reason === 'disk-full' ? 1 : 0);
}

/** What a finished recording holds, for the terminal. */
export function describeRecording(folder: string, manifest: Manifest): readonly string[] {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const { logs, captures, gaps, missing } = manifest;
  const dropped = captures.map((c) => (c.droppedByKernel === null ? null : c.droppedByKernel + (c.droppedByInterface ?? 0)));
  const packets = sum(captures.map((c) => c.packets));
  const drops =
    captures.length === 0
      ? ''
      : dropped.includes(null)
        ? ', how many were dropped is not known'
        : sum(dropped.map((d) => d ?? 0)) === 0
          ? ', none dropped'
          : `, ${sum(dropped.map((d) => d ?? 0))} dropped`;
  const disagreeing = captures.filter((c) => c.secondReading?.agrees === false);
  return [
    `ended: ${manifest.endedBy === null ? 'unknown why' : WHY_ENDED[manifest.endedBy]}`,
    `${countOf(new Set(logs.map((l) => l.container.id)).size, 'container')}, ${countOf(sum(logs.map((l) => l.lines)), 'log line')}, ${countOf(packets, 'packet')}${drops}`,
    ...missing.map((m) => `no ${m.what}: ${m.why}. To get them: ${m.hint}`),
    ...gaps.slice(0, 5).map((g) => `gap in ${g.source}: ${g.why}`),
    ...(gaps.length > 5 ? [`${gaps.length - 5} more gaps in ${folder}/manifest.json`] : []),
    ...disagreeing.map((c) => `${c.paths.join(', ')}: ${c.secondReading?.why ?? 'a second reader disagrees'}`),
  ];
}
