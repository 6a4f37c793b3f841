import { existsSync, readdirSync } from 'node:fs';
import { findInputs } from '../recording/files.js';

/** What `gossipscope` alone does: says what lies here and the one next command. */
export async function lookAround(): Promise<void> {
  const folders = existsSync('captures')
    ? readdirSync('captures', { withFileTypes: true })
        .filter((e) => e.isDirectory())
        .map((e) => e.name)
    : [];
  const [first] = folders.sort();
  if (first !== undefined) {
    process.stdout.write(
      `${folders.length} recording${folders.length === 1 ? '' : 's'} in captures: ${folders.join(', ')}\nnext: gossipscope analyze captures/${first}\n`,
    );
    return;
  }
  const { files } = await findInputs(['.']);
  const logs = files.filter((f) => /\.log(?:\.gz)?$/.test(f.path)).length;
  const captures = files.filter((f) => /\.pcap(?:ng)?(?:\.gz)?$/.test(f.path)).length;
  if (logs + captures > 0) {
    process.stdout.write(
      `here: ${logs} log file${logs === 1 ? '' : 's'}, ${captures} capture${captures === 1 ? '' : 's'}\nnext: gossipscope analyze .\n`,
    );
    return;
  }
  process.stdout.write('no logs or captures here. Save a peer’s log with: docker logs NAME > NAME.log 2>&1\nnext: gossipscope analyze FOLDER\n');
}
