import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { CommandModule } from 'yargs';
import { CaptureDecoder } from '../packets/capture-decoder.js';
import { CaptureSlimmer } from '../packets/slim.js';
import { BUNDLE_ENDING, compareBundle, openBundles, type StagedFile, writeBundle } from '../recording/bundle.js';
import { findInputs, type InputFile, readBytes } from '../recording/files.js';
import { MANIFEST_FILE } from '../recording/manifest.js';
import { OperationalError } from '../recording/operational-error.js';
import { makePrivateFolder, removePrivateFolder } from '../recording/private-folder.js';
import { readSecondTime } from '../recording/second-reading.js';
import { type ContentKind, recognizeContent } from './bundle-contents.js';
import { NameSurvey, type Redaction } from './bundle-redaction.js';
import { type Progress, terminalProgress } from './progress.js';
import { toolVersion } from './version.js';

interface BundleArguments {
  readonly recording: string;
  readonly out: string | undefined;
  readonly redact: boolean;
  readonly 'redact-key': string | undefined;
  readonly 'keep-marks': boolean;
}

/** `gossipscope bundle`: a recording as one small file that `analyze` opens as it is. */
export const bundleCommand: CommandModule<object, BundleArguments> = {
  command: 'bundle <recording>',
  describe: 'pack a recording into one small file, to attach to an issue; --redact hides whose network it is',
  builder: (yargs) =>
    yargs
      .positional('recording', { type: 'string', demandOption: true, describe: 'a folder that analyze reads, or a bundle' })
      .option('out', { alias: 'o', type: 'string', requiresArg: true, describe: `file to write [default: NAME${BUNDLE_ENDING}]` })
      .option('redact', { type: 'boolean', default: false, describe: 'replace names and addresses, drop payload; sizes and times stay' })
      .option('redact-key', {
        type: 'string',
        requiresArg: true,
        describe: 'text that decides the replacements, to get the same ones again [default: random]',
      })
      .option('keep-marks', { type: 'boolean', default: false, describe: 'with --redact: keep the text of marks, known names in it replaced' })
      .example('$0 bundle captures/byfn-bootstrap-steps --redact', 'then: $0 analyze recording.redacted.gossipscope.tar.gz'),
  handler: bundle,
};

interface Content {
  readonly file: InputFile;
  readonly kind: ContentKind;
}

async function bundle(args: BundleArguments): Promise<void> {
  const progress = terminalProgress();
  const inputs = await openBundles(await findInputs([args.recording]));
  const [missing] = inputs.missing;
  if (inputs.files.length === 0)
    throw new OperationalError({
      what: `nothing to bundle in ${args.recording}`,
      why: missing?.why ?? 'there is no file in it',
      hint: 'name the folder of a recording',
    });
  const contents: Content[] = [];
  for (const file of inputs.files) {
    progress.say(`looking at ${file.source}`);
    contents.push({ file, kind: await recognizeContent(file) });
  }
  const wanted = contents.filter(({ kind }) => kind !== 'nothing').sort((a, b) => rank(a) - rank(b));
  const leftOut = [
    ...contents.filter(({ kind }) => kind === 'nothing').map(({ file }) => file.source),
    ...inputs.missing.map((m) => `${m.path} (${m.why})`),
  ];
  if (wanted.length === 0)
    throw new OperationalError({
      what: `nothing to bundle in ${args.recording}`,
      why: `none of its ${contents.length} files is a Fabric log, a packet capture or inspect output`,
      hint: 'name the folder of a recording',
    });
  const redaction = args.redact ? await survey(wanted, args, progress) : null;
  const out = resolve(args.out ?? (redaction === null ? `${basename(inputs.root)}${BUNDLE_ENDING}` : `recording.redacted${BUNDLE_ENDING}`));
  const folder = makePrivateFolder();
  const partial = `${out}.partial`;
  try {
    const staged = await stage(wanted, folder, redaction, progress);
    progress.say('writing');
    const list = await writeBundle(partial, staged, { version: toolVersion(), redacted: redaction !== null });
    const why = await compareBundle(partial, list);
    if (why !== null)
      throw new OperationalError({
        what: `${out} cannot be written`,
        why: `what was read back differs: ${why}`,
        hint: 'check the disk, then try again',
      });
    renameSync(partial, out);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new OperationalError({ what: `cannot write ${out}`, why: error.message, hint: 'choose another file with --out' });
    }
    throw error;
  } finally {
    if (existsSync(partial)) rmSync(partial);
    removePrivateFolder(folder);
    progress.done();
  }
  process.stdout.write(`${describe(out, wanted, leftOut, redaction)}\n`);
}

/** The manifest first, then in order of their paths. */
const rank = ({ file }: Content): number => (file.source === MANIFEST_FILE ? 0 : 1);

async function survey(contents: readonly Content[], args: BundleArguments, progress: Progress): Promise<Redaction> {
  const names = new NameSurvey();
  for (const { file, kind } of contents) {
    progress.say(`looking for names in ${file.source}`);
    names.path(file.source);
    await names.read(
      kind,
      file.source,
      readBytes(file.path, () => undefined),
    );
  }
  if (names.isFull)
    throw new OperationalError({
      what: `${args.recording} cannot be redacted`,
      why: 'it holds more names than are kept track of',
      hint: 'bundle a shorter recording',
    });
  const key = args['redact-key'] === undefined ? randomBytes(32) : createHash('sha256').update(args['redact-key']).digest();
  return names.redaction(key, { keepMarks: args['keep-marks'] });
}

/** Writes what goes into the bundle into `folder`, checking each file. */
async function stage(contents: readonly Content[], folder: string, redaction: Redaction | null, progress: Progress): Promise<readonly StagedFile[]> {
  const staged: StagedFile[] = [];
  for (const [i, { file, kind }] of contents.entries()) {
    progress.say(`${redaction === null ? 'packing' : 'redacting'} ${file.source} (${i + 1} of ${contents.length})`);
    const path = redaction === null ? file.source : redaction.path(file.source);
    const stagedAt = join(folder, String(i));
    if (staged.some((one) => one.path === path))
      throw new OperationalError({
        what: 'the bundle cannot be written',
        why: `two files would have the name ${path}`,
        hint: 'try again: the replacements are drawn anew',
      });
    const bytes = readBytes(file.path, () => undefined);
    const content = redaction !== null ? redaction.redact(kind, bytes) : kind === 'capture' ? slimmed(bytes) : bytes;
    // A name that says gzip shall not lie.
    if (path.endsWith('.gz')) await pipeline(Readable.from(content), createGzip({ level: 9 }), createWriteStream(stagedAt, { mode: 0o600 }));
    else await pipeline(Readable.from(content), createWriteStream(stagedAt, { mode: 0o600 }));
    staged.push({ path, stagedAt });
    if (kind === 'capture') await checkCapture(file, stagedAt);
    const leak =
      redaction === null
        ? null
        : await redaction.findLeak(
            kind,
            path,
            readBytes(stagedAt, () => undefined),
          );
    if (leak !== null)
      throw new OperationalError({
        what: 'the bundle is not written: something of the original would be in it',
        why: `the redacted ${file.source} still holds ${leak.name} (${leak.encoding})`,
        hint: 'try again, in case it was a coincidence; else please report it, without the recording',
      });
  }
  return staged;
}

async function* slimmed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const slimmer = new CaptureSlimmer();
  for await (const chunk of bytes) yield* slimmer.push(chunk);
  yield* slimmer.end();
}

/** The slimmed or redacted capture holds as many packets as the original, by the own reader and, where it knows the format, by `pcap-parser`. */
async function checkCapture(original: InputFile, stagedAt: string): Promise<void> {
  const decode = async (path: string): Promise<{ readonly packets: number; readonly unreadable: number; readonly connections: number }> => {
    const decoder = new CaptureDecoder({ source: original.source });
    for await (const chunk of readBytes(path, () => undefined)) decoder.push(chunk);
    const { packets, unreadable, connections } = decoder.end();
    return { packets, unreadable, connections: connections.length };
  };
  const [before, after] = [await decode(original.path), await decode(stagedAt)];
  const differs = before.packets !== after.packets || before.connections !== after.connections;
  const first = await readSecondTime(original.path, { packets: before.packets, bytes: 0 });
  const second = await readSecondTime(stagedAt, { packets: first.packets, bytes: first.bytes });
  if (differs || second.packets !== first.packets || second.bytes !== first.bytes)
    throw new OperationalError({
      what: 'the bundle is not written: a capture in it would not read as the original does',
      why: `${original.source} holds ${before.packets} packets in ${before.connections} connections, read back ${after.packets} in ${after.connections}, by pcap-parser ${first.packets} and ${second.packets}`,
      hint: 'please report it',
    });
}

const SHOWN = 8;

function describe(out: string, contents: readonly Content[], leftOut: readonly string[], redaction: Redaction | null): string {
  const size = statSync(out).size;
  const lines = [`${out}: ${contents.length} files in ${size.toLocaleString('en-US')} bytes`];
  const some = (names: readonly string[]): string =>
    `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
  if (leftOut.length > 0) lines.push(`left out, since analyze reads nothing in it: ${some(leftOut)}`);
  if (redaction !== null) {
    const { names, labels, kept, addresses } = redaction.names;
    lines.push(`redacted: ${names.size} names of ${labels.size} words and ${addresses.length} addresses; none was found again in any encoding`);
    const stayed = [...kept].filter((name) => name.length < 64).sort();
    if (stayed.length > 0) lines.push(`kept, being words of Fabric, Docker or the web, or shorter than three letters: ${some(stayed)}`);
  }
  lines.push(`open it with: gossipscope analyze ${out}`);
  return lines.join('\n');
}
