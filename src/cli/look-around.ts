import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findInputs } from '../recording/files.js';

/** How this program was started: in a checkout it is not on the PATH. */
function invocation(): string {
  return process.env['npm_lifecycle_event'] === 'gossipscope' ? 'npm run -s gossipscope --' : 'gossipscope';
}

/** Whether a folder is one recording, not a collection of them. */
function isRecording(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some((e) => e.isFile() || e.name === 'logs' || e.name === 'packets');
}

/** What `gossipscope` alone does: says what lies here and the one next command. */
export async function lookAround(): Promise<void> {
  const folders = existsSync('captures')
    ? readdirSync('captures', { withFileTypes: true })
        .filter((e) => e.isDirectory() && isRecording(join('captures', e.name)))
        .map((e) => e.name)
    : [];
  const [first] = folders.sort();
  if (first !== undefined) {
    process.stdout.write(
      `${folders.length} recording${folders.length === 1 ? '' : 's'} in captures: ${folders.join(', ')}\nnext: ${invocation()} analyze captures/${first}\n`,
    );
    return;
  }
  const { files } = await findInputs(['.']);
  const logs = files.filter((f) => /\.log(?:\.gz)?$/.test(f.path)).length;
  const captures = files.filter((f) => /\.pcap(?:ng)?(?:\.gz)?$/.test(f.path)).length;
  if (logs + captures > 0) {
    process.stdout.write(
      `here: ${logs} log file${logs === 1 ? '' : 's'}, ${captures} capture${captures === 1 ? '' : 's'}\nnext: ${invocation()} analyze .\n`,
    );
    return;
  }
  process.stdout.write(`no logs or captures here. Save a peer’s log with: docker logs NAME > NAME.log 2>&1\nnext: ${invocation()} analyze FOLDER\n`);
}
