import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import type { Engine, SidecarOrder } from './engine.js';
import { type CaptureEnd, PacketCapture, type PacketCaptureParts, parseStatistics } from './packet-capture.js';
import { type StartTcpdump, startHostTcpdump, startSidecarTcpdump, tcpdumpOptions } from './tcpdump-run.js';

const folder = mkdtempSync(join(tmpdir(), 'packet-capture-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Behaves as tcpdump does on an interface of this name; the options come as the product gives them. */
const FAKE = join(folder, 'tcpdump');
writeFileSync(
  FAKE,
  `#!/bin/sh
[ "$1" = -i ] || exit 9
counts() { printf '7 packets captured\\n9 packets received by filter\\n1 packet dropped by kernel\\n' >&2; }
stop() { kill $sleeper; counts; exit 0; }
case $2 in
  late) [ -e ${folder}/late ] || { : >${folder}/late; printf 'tcpdump: late: No such device exists\\n(No such device exists)\\n' >&2; exit 1; } ;;
  missing) printf 'tcpdump: missing: No such device exists\\n(No such device exists)\\n' >&2; exit 1 ;;
  forbidden) printf "tcpdump: forbidden: You don't have permission to perform this capture on that device\\n(socket: Operation not permitted)\\n" >&2; exit 1 ;;
  stubborn) trap '' INT ;;
esac
[ "$2" = stubborn ] || trap stop INT
sleep 60 >/dev/null 2>&1 & sleeper=$!
printf 'HEADER'; printf 'PACKET'
echo "tcpdump: listening on $2, link-type EN10MB (Ethernet), snapshot length 262144 bytes" >&2
case $2 in
  gone) kill $sleeper; echo 'tcpdump: pcap_loop: The interface disappeared' >&2; counts; exit 1 ;;
  dying) kill $sleeper; kill -KILL $$ ;;
esac
while kill -0 $sleeper 2>/dev/null; do wait $sleeper; done
`,
);
chmodSync(FAKE, 0o755);

const onHost = (networkInterface: string): StartTcpdump =>
  startHostTcpdump({ usable: true, how: 'root', path: FAKE, command: [FAKE], version: null }, networkInterface, true);

interface Tried {
  readonly capture: PacketCapture;
  readonly text: () => string;
  readonly ended: Promise<CaptureEnd>;
}

function captureOf(startTcpdump: StartTcpdump, more: Partial<PacketCaptureParts> = {}): Tried {
  let text = '';
  let end = (_: CaptureEnd): void => undefined;
  const ended = new Promise<CaptureEnd>((resolve) => {
    end = resolve;
  });
  const capture = new PacketCapture({
    name: 'br-test',
    startTcpdump,
    sink: {
      bytes: (chunk) => {
        text += Buffer.from(chunk).toString('latin1');
      },
    },
    onEnd: (told) => end(told),
    drainMillis: 50,
    endMillis: 60_000,
    patienceMillis: 400,
    ...more,
  });
  return { capture, text: () => text, ended };
}

const SAID = { captured: 7, receivedByFilter: 9, droppedByKernel: 1, droppedByInterface: 0 };
const UNKNOWN = { captured: null, receivedByFilter: null, droppedByKernel: null, droppedByInterface: null };

test('statistics are read as tcpdump prints them', () => {
  const lines = ['1 packet captured', '2 packets received by filter', '0 packets dropped by kernel', '3 packets dropped by interface'];
  assert.deepEqual(parseStatistics(lines), { captured: 1, receivedByFilter: 2, droppedByKernel: 0, droppedByInterface: 3 });
  assert.deepEqual(parseStatistics(['tcpdump: listening on br0']), UNKNOWN);
});

test('packets are captured whole, unbuffered, to standard output, with a large ring', () => {
  assert.deepEqual(tcpdumpOptions('br0', false), ['-i', 'br0', '-n', '-U', '-s', '0', '-B', '65536', '-w', '-']);
  assert.deepEqual(tcpdumpOptions('br0', true), ['-i', 'br0', '-n', '-s', '0', '-B', '65536', '-w', '-']);
});

test('it starts, hands all bytes on, and tells the statistics when stopped', async () => {
  const { capture, text, ended } = captureOf(onHost('br0'));
  await capture.start();
  assert.deepEqual(await capture.stop(), SAID);
  assert.equal(text(), 'HEADERPACKET');
  assert.deepEqual(await capture.stop(), SAID);
  assert.equal(await Promise.race([ended, Promise.resolve('quiet')]), 'quiet');
});

test('bytes wait for the sink, and the stop for the last of them', async () => {
  let stored = 0;
  let busy = 0;
  const bytes = async (chunk: Uint8Array): Promise<void> => {
    assert.equal(busy++, 0, 'one at a time');
    await new Promise((resolve) => void setTimeout(resolve, 80));
    busy--;
    stored += chunk.length;
  };
  const { capture } = captureOf(onHost('br0'), { sink: { bytes } });
  await capture.start();
  await capture.stop({ hurry: true });
  assert.equal(stored, 'HEADERPACKET'.length);
});

test('an interface that appears a moment later is waited for, one that does not is an error', async () => {
  const late = captureOf(onHost('late'), { patienceMillis: 60_000 });
  await late.capture.start();
  assert.deepEqual(await late.capture.stop(), SAID);
  await assert.rejects(captureOf(onHost('missing')).capture.start(), { why: 'missing: No such device exists' });
});

test('without permission it fails at once, and says so', async () => {
  const begin = performance.now();
  await assert.rejects(captureOf(onHost('forbidden'), { patienceMillis: 60_000 }).capture.start(), /You don't have permission/);
  assert.ok(performance.now() - begin < 30_000, 'it was patient');
  const absent = startHostTcpdump({ usable: true, how: 'root', path: '/nonexistent', command: ['/nonexistent'], version: null }, 'br0', true);
  await assert.rejects(captureOf(absent).capture.start(), /ENOENT/);
});

test('what ends early is told once, with its reason', async () => {
  for (const [name, kind, statistics] of [
    ['gone', 'interface-gone', SAID],
    ['dying', 'killed', UNKNOWN],
  ] as const) {
    const { capture, text, ended } = captureOf(onHost(name));
    await capture.start();
    const end = await ended;
    assert.deepEqual([end.kind, end.statistics], [kind, statistics]);
    assert.equal(text(), 'HEADERPACKET');
    assert.deepEqual(await capture.stop(), statistics);
  }
});

test('what the sink throws ends the capture and reaches the recorder as it was', async () => {
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  const bytes = (chunk: Uint8Array): void => {
    if (Buffer.from(chunk).includes('PACKET')) throw full;
  };
  const { capture, ended } = captureOf(onHost('br0'), { sink: { bytes } });
  // Whether the packet comes before or after the word on standard error is the system's choice.
  const started = await capture.start().then(
    () => null,
    (error: unknown) => error,
  );
  if (started !== null) assert.equal(started, full);
  else {
    const end = await ended;
    assert.deepEqual([end.kind, end.error], ['sink-failed', full]);
  }
});

test('one that does not end when asked is killed', { timeout: 50_000 }, async () => {
  const { capture } = captureOf(onHost('stubborn'), { endMillis: 200 });
  await capture.start();
  assert.deepEqual(await capture.stop({ hurry: true }), UNKNOWN);
});

/** Docker's frame: the stream's number, a length, the bytes. */
function framed(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text, 'latin1')]);
}

interface FakeSidecars {
  readonly engine: Pick<Engine, 'startSidecar'>;
  readonly orders: SidecarOrder[];
  readonly output: PassThrough;
  readonly signals: string[];
  removals: number;
}

function fakeSidecars(exitCode = 0): FakeSidecars {
  const output = new PassThrough();
  const fake: FakeSidecars = {
    orders: [],
    output,
    signals: [],
    removals: 0,
    engine: {
      startSidecar: async (order) => {
        fake.orders.push(order);
        output.write(framed(1, 'HEADER'));
        output.write(framed(2, 'tcpdump: listening on br0, link-type EN10MB\n'));
        return {
          id: 'sidecar',
          output,
          signal: async (name) => {
            fake.signals.push(name);
            output.end(
              Buffer.concat([
                framed(1, 'LAST'),
                framed(2, '7 packets captured\n9 packets received by fil'),
                framed(2, 'ter\n1 packet dropped by kernel\n'),
              ]),
            );
          },
          wait: () => new Promise((resolve) => void output.once('close', () => resolve({ exitCode }))),
          remove: async () => {
            fake.removals += 1;
          },
        };
      },
    },
  };
  return fake;
}

const PLACE = { image: 'dumper', networkMode: 'container:abc', interface: 'eth0', labels: { l: 'v' } };

test('a sidecar captures with no more rights than it needs, and is removed', async () => {
  const fake = fakeSidecars();
  const { capture, text } = captureOf(startSidecarTcpdump(fake.engine, PLACE));
  await capture.start();
  assert.deepEqual(await capture.stop(), SAID);
  assert.deepEqual([text(), fake.signals], ['HEADERLAST', ['SIGINT']]);
  assert.ok(fake.removals > 0);
  const [order] = fake.orders;
  assert.deepEqual(order?.capabilities, ['NET_RAW', 'SETUID', 'SETGID']);
  assert.deepEqual(order?.command, ['tcpdump', ...tcpdumpOptions('eth0', false), '-Z', 'root']);
  assert.deepEqual([order?.image, order?.networkMode, order?.labels], ['dumper', 'container:abc', { l: 'v' }]);
});

test('a sidecar that comes up while the capture is stopped is removed before the stop returns', async () => {
  const fake = fakeSidecars();
  const { startSidecar } = fake.engine;
  const slow: Pick<Engine, 'startSidecar'> = {
    startSidecar: async (order) => {
      await new Promise((resolve) => void setTimeout(resolve, 50));
      return startSidecar(order);
    },
  };
  const { capture, text } = captureOf(startSidecarTcpdump(slow, PLACE));
  const starting = capture.start();
  assert.deepEqual(await capture.stop(), UNKNOWN);
  await starting;
  assert.ok(fake.removals > 0);
  assert.equal(text(), '');
});

test('a sidecar whose target ends, or whose connection breaks, is removed and told', async () => {
  const restarted = fakeSidecars(1);
  const first = captureOf(startSidecarTcpdump(restarted.engine, PLACE));
  await first.capture.start();
  restarted.output.end(framed(2, 'tcpdump: pcap_loop: The interface disappeared\n0 packets captured\n'));
  assert.equal((await first.ended).kind, 'interface-gone');
  const broken = fakeSidecars();
  const second = captureOf(startSidecarTcpdump(broken.engine, PLACE));
  await second.capture.start();
  broken.output.destroy(new Error('socket hang up'));
  const end = await second.ended;
  assert.deepEqual([end.kind, end.statistics], ['engine-gone', UNKNOWN]);
  assert.match(end.why, /socket hang up/);
  assert.ok(restarted.removals > 0 && broken.removals > 0);
});
