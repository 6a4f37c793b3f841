import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandResult, type HostForTcpdump, probeHostTcpdump, runBriefly } from './host-tcpdump.js';

const DENIED: CommandResult = { status: 1, stdout: '', stderr: "tcpdump: lo: You don't have permission to perform this capture on that device\n" };
const OK: CommandResult = { status: 0, stdout: '(000) ret      #262144\n', stderr: '' };

/** A host that answers each command line by the first matching beginning. */
function hostWith(
  answers: Readonly<Record<string, CommandResult>>,
  more: Partial<HostForTcpdump> = {},
): HostForTcpdump & { readonly asked: string[] } {
  const asked: string[] = [];
  const programs = new Set(Object.keys(answers).map((line) => line.split(' ')[0]));
  return {
    userId: 1000,
    userName: 'me',
    searchPath: '/usr/bin:relative',
    isExecutable: async (path) => programs.has(path),
    run: async (command) => {
      const line = command.join(' ');
      asked.push(line);
      if (line.endsWith('--version')) return { status: 0, stdout: 'tcpdump version 4.99.3\nlibpcap version 1.10.3\n', stderr: '' };
      return answers[Object.keys(answers).find((beginning) => line.startsWith(beginning)) ?? ''] ?? { status: null, stdout: '', stderr: 'ENOENT' };
    },
    asked,
    ...more,
  };
}

test('root, and a tcpdump with capabilities, are run as they are', async () => {
  const answers = { '/usr/bin/tcpdump': OK };
  const asRoot = await probeHostTcpdump(hostWith(answers, { userId: 0 }));
  assert.deepEqual(asRoot, { usable: true, how: 'root', path: '/usr/bin/tcpdump', command: ['/usr/bin/tcpdump'], version: '4.99.3' });
  const asUser = await probeHostTcpdump(hostWith(answers));
  assert.equal(asUser.usable && asUser.how, 'capabilities');
});

test('sudo is used where it allows tcpdump, and is asked before it is tried', async () => {
  const host = hostWith({ '/usr/bin/sudo -n -l /usr/sbin/tcpdump': OK, '/usr/bin/sudo -n /usr/sbin/tcpdump': OK, '/usr/sbin/tcpdump': DENIED });
  const found = await probeHostTcpdump(host);
  assert.deepEqual(found.usable && [found.how, ...found.command], ['sudo', '/usr/bin/sudo', '-n', '/usr/sbin/tcpdump']);
  const refusing = hostWith({ '/usr/bin/sudo': { ...DENIED, stderr: 'sudo: a password is required' }, '/usr/bin/tcpdump': DENIED });
  const refused = await probeHostTcpdump(refusing);
  assert.equal(refused.usable, false);
  assert.ok(!refusing.asked.some((line) => line.startsWith('/usr/bin/sudo -n /usr/bin/tcpdump')), 'what is refused is not tried');
});

test('what is missing is said with the exact way to get it', async () => {
  const forbidden = await probeHostTcpdump(hostWith({ '/usr/bin/tcpdump': DENIED }));
  assert.match(
    forbidden.usable ? '' : forbidden.hint,
    /^sudo setcap cap_net_raw,cap_net_admin=ep \/usr\/bin\/tcpdump; or .*'me ALL=\(root\) NOPASSWD: \/usr\/bin\/tcpdump'/,
  );
  const absent = await probeHostTcpdump(hostWith({}));
  assert.match(absent.usable ? '' : absent.why, /not installed/);
  const caged = await probeHostTcpdump(hostWith({ '/usr/bin/tcpdump': DENIED }, { userId: 0 }));
  assert.match(caged.usable ? '' : `${caged.why} ${caged.hint}`, /root may not capture.*don't have permission.*NET_RAW/);
});

test('a short command is run without input, and one that cannot be run is told', async () => {
  assert.deepEqual(await runBriefly(['/bin/sh', '-c', 'cat; echo out; echo err >&2; exit 3']), { status: 3, stdout: 'out\n', stderr: 'err\n' });
  assert.equal((await runBriefly(['/nonexistent/program'])).status, null);
});
