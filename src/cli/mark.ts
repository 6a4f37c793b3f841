import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CommandModule } from 'yargs';
import { isProcessAlive } from '../docker/sidecars.js';
import { recordingsInProgress } from '../recording/in-progress.js';
import { MANIFEST_FILE } from '../recording/manifest.js';
import { OperationalError } from '../recording/operational-error.js';
import { appendMark } from '../recording/recording-writer.js';

interface MarkArguments {
  readonly text: string[];
  readonly recording: string | undefined;
}

/** `gossipscope mark`: a note of the operator's on the timeline of the recording in progress. */
export const markCommand: CommandModule<object, MarkArguments> = {
  command: 'mark <text..>',
  describe: 'note what you are doing, on the timeline of the recording in progress',
  builder: (yargs) =>
    yargs
      .positional('text', { type: 'string', array: true, demandOption: true, describe: 'the note' })
      .option('recording', { type: 'string', requiresArg: true, describe: 'folder of the recording [default: the one in progress]' })
      .example('$0 mark "anchor peers set for Org1MSP"', 'while record or watch runs in another terminal'),
  handler: mark,
};

async function mark(args: MarkArguments): Promise<void> {
  const at = new Date().toISOString();
  const folder = args.recording ?? (await recordingInProgress());
  if (args.recording !== undefined && !existsSync(join(folder, MANIFEST_FILE)))
    throw new OperationalError({
      what: `cannot mark ${folder}`,
      why: 'it is no recording: there is no manifest.json',
      hint: 'name the folder that record writes',
    });
  try {
    await appendMark(folder, { at, text: args.text.join(' ') });
  } catch (error) {
    throw new OperationalError({
      what: `cannot mark ${folder}`,
      why: error instanceof Error ? error.message : String(error),
      hint: 'mark as the user who records',
    });
  }
  process.stdout.write(`${folder}: ${at} ${args.text.join(' ')}\n`);
}

async function recordingInProgress(): Promise<string> {
  const inProgress = (await recordingsInProgress(isProcessAlive)).map((r) => relative('.', r.folder) || '.');
  const [only, ...more] = inProgress;
  if (only === undefined)
    throw new OperationalError({
      what: 'nothing to mark',
      why: 'no recording of yours is in progress on this host',
      hint: 'start gossipscope record first, or name its folder with --recording',
    });
  if (more.length > 0)
    throw new OperationalError({
      what: 'which recording?',
      why: `in progress are ${inProgress.join(', ')}`,
      hint: `gossipscope mark --recording ${only} "…"`,
    });
  return only;
}
