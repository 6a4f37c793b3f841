import { execFileSync } from 'node:child_process';
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** The accounts that tcpdump looks up: root for `-Z root`, and Debian's own. */
const PASSWD = 'root:x:0:0:root:/:/sbin/nologin\ntcpdump:x:100:100::/:/sbin/nologin\n';
const GROUP = 'root:x:0:\ntcpdump:x:100:\n';

/** Absolute paths of the shared libraries of a program, its loader among them, as `ldd` lists them. */
function librariesOf(program: string): readonly string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+)/gm)].map((match) => match[1] as string);
}

async function addFile(tar: Pack, name: string, path: string): Promise<void> {
  const real = realpathSync(path);
  const entry = tar.entry({ name, mode: 0o755, size: statSync(real).size });
  await pipeline(createReadStream(real), entry);
}

/** Writes an image's file system: this machine's tcpdump and what it needs to run, nothing else. */
async function fill(tar: Pack, program: string): Promise<void> {
  await addFile(tar, 'usr/bin/tcpdump', program);
  for (const library of librariesOf(program)) await addFile(tar, library.slice(1), library);
  // Debian's linker searches these folders without a cache; a library elsewhere would need one.
  tar.entry({ name: 'etc/passwd' }, PASSWD);
  tar.entry({ name: 'etc/group' }, GROUP);
  tar.finalize();
}

/** Where this machine's tcpdump is, or null. */
export function localTcpdump(): string | null {
  const places = ['/usr/bin/tcpdump', '/usr/sbin/tcpdump', '/sbin/tcpdump', '/usr/local/sbin/tcpdump'];
  return places.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true) ?? null;
}

/**
 * Makes an image that holds tcpdump and imports it into the engine behind a Unix socket as `name` (`repository:tag`); nothing is pulled. About 8 MB,
 * without a shell. Throws when this machine has no tcpdump or the engine refuses.
 */
export async function importTcpdumpImage(engineSocket: string, name: string): Promise<void> {
  const program = localTcpdump();
  if (program === null) throw new Error('this machine has no tcpdump to make an image of');
  const [repo = '', tag = 'latest'] = name.split(':');
  const tar = pack();
  const filled = fill(tar, program);
  const query = new URLSearchParams({ fromSrc: '-', repo, tag, message: `tcpdump of ${basename(program)}` });
  const answer = new Promise<string>((resolve, reject) => {
    const post = request(
      { socketPath: engineSocket, path: `/images/create?${query}`, method: 'POST', headers: { 'Content-Type': 'application/x-tar' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response
          .on('error', reject)
          .on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode}: ${text}`))));
      },
    );
    post.on('error', reject);
    pipeline(tar, post).catch(reject);
  });
  const [text] = await Promise.all([answer, filled]);
  if (/"error"/.test(text)) throw new Error(text);
}
