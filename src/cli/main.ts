#!/usr/bin/env node
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { OperationalError } from '../recording/operational-error.js';
import { lookAround } from './look-around.js';
import { toolVersion } from './version.js';

/** Each command by itself: what the others need takes longer to load than some commands take. */
const COMMANDS: Readonly<Record<string, (to: Argv) => Promise<Argv>>> = {
  doctor: async (to) => to.command((await import('./doctor.js')).doctorCommand),
  nodes: async (to) => to.command((await import('./nodes.js')).nodesCommand),
  record: async (to) => to.command((await import('./record.js')).recordCommand),
  watch: async (to) => to.command((await import('./watch.js')).watchCommand),
  mark: async (to) => to.command((await import('./mark.js')).markCommand),
  analyze: async (to) => to.command((await import('./analyze.js')).analyzeCommand),
  verify: async (to) => to.command((await import('./verify.js')).verifyCommand),
  bundle: async (to) => to.command((await import('./bundle.js')).bundleCommand),
  slim: async (to) => to.command((await import('./slim.js')).slimCommand),
};

const parser = yargs(hideBin(process.argv))
  .scriptName('gossipscope')
  .usage(
    '$0 <command>\n\nWhat is gossip doing? Records a Hyperledger Fabric network, or reads logs and packet captures of one, and tells who\nknew whom, who led, and how every block travelled.',
  )
  .command('$0', false, {}, lookAround)
  .strict()
  .demandCommand(0, 1)
  .recommendCommands()
  .version(toolVersion())
  .alias('help', 'h')
  .alias('version', 'v')
  .wrap(Math.min(110, yargs().terminalWidth()))
  .epilogue('Start with: gossipscope record on a running network, gossipscope analyze FOLDER on saved files')
  .fail((message, error) => {
    // yargs' own errors (an option without its value) are the user's, all others a command's.
    if (error !== undefined && error !== null && error.name !== 'YError') throw error;
    throw new OperationalError({ what: 'that command line is not understood', why: message || error.message, hint: 'gossipscope --help' });
  });

// A reader that closes the pipe (`| head`) has seen enough; a terminal that was closed (EIO) must not cost a recording its end.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });

const named = COMMANDS[process.argv[2] ?? ''];

try {
  for (const add of named === undefined ? Object.values(COMMANDS) : [named]) await add(parser);
  await parser.parseAsync();
} catch (error) {
  if (!(error instanceof OperationalError)) throw error;
  process.stderr.write(`gossipscope: ${error.what}\n  why: ${error.why}\n  try: ${error.hint}\n`);
  process.exitCode = 2;
}
