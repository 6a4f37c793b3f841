#!/usr/bin/env node
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { OperationalError } from '../recording/operational-error.js';
import { analyzeCommand } from './analyze.js';
import { lookAround } from './look-around.js';
import { slimCommand } from './slim.js';
import { toolVersion } from './version.js';

const parser = yargs(hideBin(process.argv))
  .scriptName('gossipscope')
  .usage(
    '$0 <command>\n\nWhat is gossip doing? Reads logs and packet captures of a Hyperledger Fabric network and tells who knew whom,\nwho led, and how every block travelled.',
  )
  .command('$0', false, {}, lookAround)
  .command(analyzeCommand)
  .command(slimCommand)
  .strict()
  .demandCommand(0, 1)
  .recommendCommands()
  .version(toolVersion())
  .alias('help', 'h')
  .alias('version', 'v')
  .wrap(Math.min(110, yargs().terminalWidth()))
  .epilogue('Start with: gossipscope analyze FOLDER')
  .fail((message, error) => {
    if (error !== undefined && error !== null) throw error;
    throw new OperationalError({ what: 'that command line is not understood', why: message, hint: 'gossipscope --help' });
  });

try {
  await parser.parseAsync();
} catch (error) {
  if (!(error instanceof OperationalError)) throw error;
  process.stderr.write(`gossipscope: ${error.what}\n  why: ${error.why}\n  try: ${error.hint}\n`);
  process.exitCode = 2;
}
