import type { CommandModule } from 'yargs';
import { terminalProgress } from './progress.js';
import { type Verdict, type VerifiedCapture, verifyRecording } from './verify-recording.js';

interface VerifyArguments {
  readonly recording: string;
  readonly json: boolean;
}

/** `gossipscope verify`: whether a recording holds what it says, by two readers of packets. Exit status 0 when all agrees, 1 when not. */
export const verifyCommand: CommandModule<object, VerifyArguments> = {
  command: 'verify <recording>',
  describe: 'check a recording: captures by two readers, logs and captures against its manifest',
  builder: (yargs) =>
    yargs
      .positional('recording', {
        type: 'string',
        demandOption: true,
        describe: 'a folder that record wrote, a bundle, or any folder of logs and captures',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print the verdict as JSON' })
      .example('$0 verify captures/NAME', 'exit status 0: all agrees, 1: something does not'),
  handler: verify,
};

async function verify(args: VerifyArguments): Promise<void> {
  const verdict = await verifyRecording(args.recording, terminalProgress());
  process.stdout.write(args.json ? `${JSON.stringify(verdict, null, 2)}\n` : `${describeVerdict(verdict).join('\n')}\n`);
  if (!verdict.agrees) process.exitCode = 1;
}

const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** The verdict in lines for a terminal. Text from the recording is shown without control characters. */
export function describeVerdict(verdict: Verdict): readonly string[] {
  const { manifest, captures, logs, gaps, drops, missing, problems, notes } = verdict;
  const lines: string[] = [];
  if (manifest === null) lines.push(verdict.recording);
  else lines.push(`${verdict.recording}: recorded ${manifest.startedAt} to ${manifest.endedAt ?? 'an unknown end'}, ${endText(manifest)}`);
  for (const capture of captures) lines.push(`  ${capture.path}: ${captureText(capture)}`, ...capture.problems.map((p) => `    NOT RIGHT: ${p}`));
  for (const log of logs) {
    const stamped = log.isStamped && log.problems.length === 0 ? ', stamps ascend' : '';
    lines.push(
      `  ${log.path}: ${counted(log.lines, 'line')}, ${counted(log.bytes, 'byte')}${stamped}`,
      ...log.problems.map((p) => `    NOT RIGHT: ${p}`),
    );
  }
  for (const problem of problems) lines.push(`  NOT RIGHT: ${problem}`);
  for (const drop of drops) lines.push(`  ${dropText(drop)}`);
  for (const gap of gaps) lines.push(`  gap: ${gap.source}, ${gap.from ?? 'the beginning'} to ${gap.to ?? 'the end'}: ${gap.why}`);
  for (const item of missing) lines.push(`  not recorded: ${item.what}, ${item.why}; next time: ${item.hint}`);
  for (const note of notes) lines.push(`  note: ${note}`);
  const count = problems.length + [...captures, ...logs].reduce((sum, file) => sum + file.problems.length, 0);
  const read = `${counted(captures.length, 'capture')}, ${counted(logs.length, 'log')}`;
  lines.push(verdict.agrees ? `all agrees (${read})` : `does NOT agree: ${counted(count, 'thing is', 'things are')} not right (${read})`);
  return lines.map((line) => line.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '?'));
}

function endText({ state, endedBy, tool }: NonNullable<Verdict['manifest']>): string {
  const by = `by ${tool?.name ?? 'an unknown tool'} ${tool?.version ?? ''}`.trimEnd();
  return state === 'recording' ? `${by}, cut off or still running` : `${by}, ended by ${endedBy ?? 'an unknown cause'}`;
}

function captureText({ packets, bytes, pcapParser, problems }: VerifiedCapture): string {
  const what = `${counted(packets, 'packet')}, ${counted(bytes, 'byte')}`;
  if (pcapParser.outcome === 'unsupported') return `${what}; not read a second time: ${pcapParser.why}`;
  return problems.length === 0 ? `${what}; pcap-parser agrees` : what;
}

function dropText(drop: Verdict['drops'][number]): string {
  const { droppedByKernel: kernel, droppedByInterface: byInterface } = drop;
  if (kernel === null) return `${drop.interface}: whether packets were dropped is not known, since tcpdump could not tell`;
  return kernel + (byInterface ?? 0) === 0
    ? `${drop.interface}: no packet was dropped`
    : `${drop.interface}: ${kernel} packets were dropped by the kernel, ${byInterface ?? 0} by the interface`;
}
