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
import { type ContentKind, kindByManifest, recognizeContent } from './bundle-contents.js';
import { filesOfManifest, recountLogs } from './bundle-manifest.js';
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
      .option('out', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: `file to write [default: here, NAME${BUNDLE_ENDING}, redacted: recording.redacted${BUNDLE_ENDING}]`,
      })
      .option('redact', { type: 'boolean', default: false, describe: 'replace what tells whose network it is; sizes and times stay' })
      .option('redact-key', {
        type: 'string',
        requiresArg: true,
        describe: 'text that decides the replacements: the same text, the same names in several bundles; keep it secret [default: random]',
      })
      .option('keep-marks', {
        type: 'boolean',
        default: false,
        describe: 'with --redact: keep your notes, only known names in them replaced; read them before you share',
      })
      .example('$0 bundle captures/NAME', `writes NAME${BUNDLE_ENDING}, which analyze and verify open as it is`)
      .example('$0 bundle captures/NAME --redact', `writes recording.redacted${BUNDLE_ENDING}, fit for a public issue`)
      .epilog(
        'A bundle holds what analyze reads, and the output of chaincode containers; payload that is not analyzed is zeroed. Redacted, it tells the same with other names: hosts, organizations, channels, chaincodes, containers, files, addresses and ids are replaced alike wherever they stand, certificates and signatures are filled, notes become “mark 1” and so on, chaincode output becomes x. Times, sizes and versions stay. Before anything is written the result is searched for every original name in every encoding.',
      ),
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
  const contents = await recognizeAll(inputs.files, progress);
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
    const staged = await stage(wanted, { folder, redaction, progress });
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

/** What each file is; one that a manifest tells of is something, so that nothing that it tells is missing. */
async function recognizeAll(files: readonly InputFile[], progress: Progress): Promise<readonly Content[]> {
  const contents: Content[] = [];
  const told = new Set<string>();
  for (const file of files) {
    progress.say(`looking at ${file.source}`);
    const kind = await recognizeContent(file);
    contents.push({ file, kind });
    if (kind !== 'manifest') continue;
    const text = await collectText(readBytes(file.path, () => undefined));
    for (const path of filesOfManifest(text, file.source)) told.add(path);
  }
  return contents.map(({ file, kind }) => {
    const isTold = told.has(file.source) || told.has(file.source.replace(/\.gz$/, ''));
    return { file, kind: kind === 'nothing' && isTold ? kindByManifest(file) : kind };
  });
}

async function collectText(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
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

interface Staging {
  readonly folder: string;
  readonly redaction: Redaction | null;
  readonly progress: Progress;
}

/** Writes what goes into the bundle into `folder`, checking each file. In the order of `contents`. */
async function stage(contents: readonly Content[], staging: Staging): Promise<readonly StagedFile[]> {
  const { folder, redaction, progress } = staging;
  const staged = new Map<Content, StagedFile>();
  const bytesOf = new Map<string, number>();
  // What a manifest counts is staged before it.
  const inOrder = [...contents].sort((a, b) => Number(a.kind === 'manifest') - Number(b.kind === 'manifest'));
  for (const [i, content] of inOrder.entries()) {
    const { source } = content.file;
    progress.say(`${redaction === null ? 'packing' : 'redacting'} ${source} (${i + 1} of ${contents.length})`);
    const path = redaction === null ? source : redaction.path(source);
    if ([...staged.values()].some((one) => one.path === path))
      throw new OperationalError({
        what: 'the bundle cannot be written',
        why: `two files would have the name ${path}`,
        hint: 'try again: the replacements are drawn anew',
      });
    const file = { path, stagedAt: join(folder, String(i)) };
    bytesOf.set(path, await stageFile(content, file, bytesOf, redaction));
    staged.set(content, file);
    if (content.kind === 'capture') await checkCapture(content.file, file.stagedAt);
    if (redaction !== null) await checkForNames(content, file, redaction);
  }
  return contents.map((content) => staged.get(content) as StagedFile);
}

/** Writes one file as it will be in the bundle; returns its bytes, not compressed. `bytesOf`: those of the files before it. */
async function stageFile(
  { file, kind }: Content,
  { path, stagedAt }: StagedFile,
  bytesOf: ReadonlyMap<string, number>,
  redaction: Redaction | null,
): Promise<number> {
  const original = readBytes(file.path, () => undefined);
  let content: AsyncIterable<Uint8Array> = original;
  if (redaction !== null) content = redaction.redact(kind, original);
  else if (kind === 'capture') content = slimmed(original);
  if (redaction !== null && kind === 'manifest') content = recounted(content, path, bytesOf);
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const target = createWriteStream(stagedAt, { mode: 0o600 });
  // A name that says gzip shall not lie.
  if (path.endsWith('.gz')) await pipeline(Readable.from(counted()), createGzip({ level: 9 }), target);
  else await pipeline(Readable.from(counted()), target);
  return bytes;
}

/** Redacting may change the length of an escaped id in a log: the manifest tells what is in the bundle. */
async function* recounted(manifest: AsyncIterable<Uint8Array>, path: string, bytesOf: ReadonlyMap<string, number>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(recountLogs(await collectText(manifest), path, bytesOf));
}

async function checkForNames({ file, kind }: Content, { path, stagedAt }: StagedFile, redaction: Redaction): Promise<void> {
  const leak = await redaction.findLeak(
    kind,
    path,
    readBytes(stagedAt, () => undefined),
  );
  if (leak !== null)
    throw new OperationalError({
      what: 'the bundle is not written: it would tell whose network it is',
      why: `${file.source} holds ${JSON.stringify(leak.name)} after redaction, found as: ${leak.encoding}`,
      hint: HINT_ON_LEAK,
    });
}

const HINT_ON_LEAK =
  'run it again, the replacements are drawn anew; if it is refused again, bundle a copy of the recording without that file, and report how it was found (not the name)';

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
    const stayed = [...kept].filter((name) => /^[\w.-]{1,64}$/.test(name)).sort();
    if (stayed.length > 0) lines.push(`not replaced, being words of Fabric, Docker or the web, or shorter than three letters: ${some(stayed)}`);
  }
  lines.push(`open it with: gossipscope analyze ${out}`);
  return lines.join('\n');
}
