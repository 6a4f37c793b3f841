import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { CommandModule } from 'yargs';
import { recognizeCapture } from '../packets/capture-decoder.js';
import { CaptureSlimmer } from '../packets/slim.js';
import { readBytes } from '../recording/files.js';
import { OperationalError } from '../recording/operational-error.js';

interface SlimArguments {
  readonly capture: string;
  readonly out: string | undefined;
  readonly 'drop-plaintext': boolean;
}

/** `gossipscope slim`: makes a capture small enough to keep or share. */
export const slimCommand: CommandModule<object, SlimArguments> = {
  command: 'slim <capture>',
  describe: 'make a capture small: encrypted payload zeroed, sizes and times kept, gzipped',
  builder: (yargs) =>
    yargs
      .positional('capture', { type: 'string', demandOption: true, describe: 'a pcap or pcapng file, also gzipped' })
      .option('out', { type: 'string', requiresArg: true, describe: 'file to write [default: CAPTURE.slim.gz]' })
      .option('drop-plaintext', { type: 'boolean', default: false, describe: 'zero unencrypted payload too (gossip messages can then not be read)' })
      .example('$0 slim capture.pcap --out capture.pcap.gz', 'the analysis of both is the same'),
  handler: slim,
};

async function slim(args: SlimArguments): Promise<void> {
  const out = args.out ?? `${args.capture.replace(/\.gz$/, '')}.slim.gz`;
  const failures: string[] = [];
  const bytes = readBytes(args.capture, (failure) => failures.push(failure.why))[Symbol.asyncIterator]();
  const first = await bytes.next();
  // Before anything is written: a wrong name must leave nothing behind.
  if (first.done === true || recognizeCapture(first.value) === null) {
    await bytes.return(undefined);
    throw new OperationalError({
      what: `${args.capture} cannot be made slim`,
      why: failures[0] ?? 'it is no pcap or pcapng capture',
      hint: 'name a file that tcpdump -w wrote',
    });
  }
  const slimmer = new CaptureSlimmer({ dropPlaintext: args['drop-plaintext'] });
  async function* slimmed(): AsyncGenerator<Uint8Array> {
    for (let next: IteratorResult<Uint8Array> = first; next.done !== true; next = await bytes.next()) yield* slimmer.push(next.value);
    yield* slimmer.end();
  }
  try {
    await pipeline(Readable.from(slimmed()), createGzip({ level: 9 }), createWriteStream(out));
  } catch (error) {
    throw new OperationalError({
      what: `cannot write ${out}`,
      why: error instanceof Error ? error.message : String(error),
      hint: 'choose another file with --out',
    });
  }
  const [failure] = failures;
  if (failure !== undefined)
    throw new OperationalError({ what: `${args.capture} was read only in part`, why: failure, hint: `what could be read is in ${out}` });
  process.stdout.write(`${out}\n`);
}
