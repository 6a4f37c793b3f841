import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findInputs, type ReadFailure, readBytes } from './files.js';

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

/** A folder with files of these contents. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), 'files-test-'));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

async function read(path: string): Promise<{ readonly text: string; readonly failures: readonly ReadFailure[] }> {
  const failures: ReadFailure[] = [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBytes(path, (f) => failures.push(f))) chunks.push(chunk);
  return { text: Buffer.concat(chunks).toString('latin1'), failures };
}
const sourcesOf = async (...paths: readonly string[]): Promise<readonly string[]> => (await findInputs(paths)).files.map((f) => f.source);

test('a folder is walked, without hidden files and node_modules, in path order', async () => {
  const root = folderOf({ 'logs/b.log': '', 'logs/a.log': '', 'packets/x/y.pcap': '', '.hidden': '', '.git/x': '', 'node_modules/m/x.log': '' });
  assert.deepEqual(await sourcesOf(root), ['logs/a.log', 'logs/b.log', 'packets/x/y.pcap']);
});

test('sources are relative to the deepest folder that holds every input', async () => {
  const root = folderOf({ 'one/a.log': '', 'one/b.log': '', 'two/c.log': '' });
  assert.deepEqual(await sourcesOf(join(root, 'one/a.log')), ['a.log']);
  assert.deepEqual(await sourcesOf(join(root, 'one/b.log'), join(root, 'one/a.log')), ['a.log', 'b.log']);
  assert.deepEqual(await sourcesOf(join(root, 'two'), join(root, 'one')), ['one/a.log', 'one/b.log', 'two/c.log']);
  assert.equal((await findInputs([join(root, 'one')])).root, join(root, 'one'));
});

test('a file is read once however often it is named, whatever the order of arguments', async () => {
  const root = folderOf({ 'a.log': 'x' });
  symlinkSync(join(root, 'a.log'), join(root, 'link.log'));
  const all = [join(root, 'link.log'), root, join(root, 'a.log')];
  assert.deepEqual(await sourcesOf(...all), ['a.log']);
  assert.deepEqual(await sourcesOf(...[...all].reverse()), ['a.log']);
});

test('links to files and folders are followed, and a loop of links ends', async () => {
  const elsewhere = folderOf({ 'far.log': 'x' });
  const root = folderOf({ 'sub/a.log': '' });
  symlinkSync(elsewhere, join(root, 'linked'));
  symlinkSync(root, join(root, 'sub', 'loop'));
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling.log'));
  const inputs = await findInputs([root]);
  assert.deepEqual(
    inputs.files.map((f) => f.source),
    ['linked/far.log', 'sub/a.log'],
  );
  assert.deepEqual(
    inputs.missing.map((m) => [m.path, m.why]),
    [[join(root, 'dangling.log'), 'no such file or folder']],
  );
});

test('what is missing is told and the rest is read; standard input is noted', async () => {
  const root = folderOf({ 'a.log': '' });
  const inputs = await findInputs([join(root, 'gone.log'), join(root, 'a.log'), '-']);
  assert.deepEqual(inputs.missing, [{ path: join(root, 'gone.log'), why: 'no such file or folder' }]);
  assert.deepEqual([inputs.files.map((f) => f.source), inputs.standardInput], [['a.log'], true]);
});

test('plain bytes come as they are, an empty file and a single byte too', async () => {
  const root = folderOf({ plain: 'hello', empty: '', one: '\x1f' });
  assert.deepEqual(await read(join(root, 'plain')), { text: 'hello', failures: [] });
  assert.deepEqual(await read(join(root, 'empty')), { text: '', failures: [] });
  assert.deepEqual(await read(join(root, 'one')), { text: '\x1f', failures: [] });
});

test('gzip is recognized by its bytes, also several members in one file', async () => {
  const root = folderOf({ 'x.log': Buffer.concat([gzipSync('one '), gzipSync('two')]) });
  assert.deepEqual(await read(join(root, 'x.log')), { text: 'one two', failures: [] });
});

test('a torn gzip gives what could be read, and says that it is torn', async () => {
  const text = Array.from({ length: 200_000 }, (_, i) => (i * 2654435761) % 97).join(' ');
  const whole = gzipSync(text);
  const root = folderOf({ 'x.gz': whole.subarray(0, Math.floor(whole.length * 0.7)) });
  const { text: got, failures } = await read(join(root, 'x.gz'));
  assert.deepEqual(
    failures.map((f) => f.kind),
    ['torn-gzip'],
  );
  assert.ok(got.length > text.length / 4 && text.startsWith(got), `${got.length} of ${text.length}`);
});

test('a damaged gzip and an unreadable file are told, not thrown', async () => {
  const damaged = Buffer.from(gzipSync('hello hello hello'));
  damaged.fill(0xff, 10, 16);
  const root = folderOf({ 'x.gz': damaged });
  assert.deepEqual(
    (await read(join(root, 'x.gz'))).failures.map((f) => f.kind),
    ['torn-gzip'],
  );
  assert.deepEqual(
    (await read(root)).failures.map((f) => f.kind),
    ['read-failed'],
  );
});

test('a file that the user names is told from one found in a folder, whatever else is named', async () => {
  const folder = folderOf({ 'logs/a.log': 'x', 'notes/b.md': 'x' });
  const named = async (...paths: readonly string[]): Promise<readonly string[]> =>
    (await findInputs(paths)).files.filter((f) => f.isNamed).map((f) => basename(f.path));
  assert.deepEqual(await named(join(folder, 'logs')), []);
  assert.deepEqual(await named(join(folder, 'notes', 'b.md'), join(folder, 'logs')), ['b.md']);
  assert.deepEqual(await named(join(folder, 'logs'), join(folder, 'logs', 'a.log')), ['a.log']);
});

test('what lies deeper than the limit is told, not passed over', async () => {
  const folder = folderOf({ [`${'d/'.repeat(20)}deep.log`]: 'x' });
  const inputs = await findInputs([folder]);
  assert.deepEqual(inputs.files, []);
  assert.match(inputs.missing[0]?.why ?? '', /16 folders deep/);
});
