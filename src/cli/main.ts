#!/usr/bin/env node
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { OperationalError } from '../recording/operational-error.js';
import { analyzeCommand } from './analyze.js';
import { bundleCommand } from './bundle.js';
import { doctorCommand } from './doctor.js';
import { lookAround } from './look-around.js';
import { markCommand } from './mark.js';
import { nodesCommand } from './nodes.js';
import { recordCommand } from './record.js';
import { slimCommand } from './slim.js';
import { verifyCommand } from './verify.js';
import { toolVersion } from './version.js';
import { watchCommand } from './watch.js';

const parser = yargs(hideBin(process.argv))
  .scriptName('gossipscope')
  .usage(
    '$0 <command>\n\nWhat is gossip doing? Records a Hyperledger Fabric network, or reads logs and packet captures of one, and tells who\nknew whom, who led, and how every block travelled.',
  )
  .command('$0', false, {}, lookAround)
  .command(analyzeCommand)
  .command(doctorCommand)
  .command(nodesCommand)
  .command(recordCommand)
  .command(watchCommand)
  .command(markCommand)
  .command(verifyCommand)
  .command(bundleCommand)
  .command(slimCommand)
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

// A reader that closes the pipe (`| head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await parser.parseAsync();
} catch (error) {
  if (!(error instanceof OperationalError)) throw error;
  process.stderr.write(`gossipscope: ${error.what}\n  why: ${error.why}\n  try: ${error.hint}\n`);
  process.exitCode = 2;
}
