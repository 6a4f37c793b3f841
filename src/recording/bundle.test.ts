import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import tar from 'tar-stream';
import { compareBundle, openBundles, recognizeTar, safeEntryPath, writeBundle } from './bundle.js';
import { findInputs, readBytes } from './files.js';

const folder = mkdtempSync(join(tmpdir(), 'bundle-test-'));
after(() => rmSync(folder, { recursive: true }));

async function archiveOf(
  entries: readonly { readonly name: string; readonly type?: 'file' | 'symlink' | 'directory'; readonly text?: string }[],
): Promise<Buffer> {
  const pack = tar.pack();
  for (const { name, type, text } of entries)
    pack.entry({ name, type: type ?? 'file', ...(type === 'symlink' ? { linkname: '/etc/passwd' } : {}) }, text ?? '');
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function opened(
  name: string,
  bytes: Uint8Array,
): Promise<{ readonly files: Readonly<Record<string, string>>; readonly missing: readonly string[] }> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const inputs = await openBundles(await findInputs([path]));
  const files: Record<string, string> = {};
  for (const file of inputs.files) {
    let text = '';
    for await (const chunk of readBytes(file.path, () => undefined)) text += Buffer.from(chunk).toString('latin1');
    files[file.source] = text;
  }
  return { files, missing: inputs.missing.map((m) => m.why) };
}

async function staged(texts: Readonly<Record<string, string>>): Promise<{ readonly path: string; readonly stagedAt: string }[]> {
  return Object.entries(texts).map(([path, text], i) => {
    const stagedAt = join(folder, `staged-${i}`);
    writeFileSync(stagedAt, text);
    return { path, stagedAt };
  });
}

test('what is bundled comes out again, is the same at every writing, and is compared with its list', async () => {
  const files = await staged({ 'manifest.json': '{}', 'logs/a.log': 'a line\n', [`logs/${'long'.repeat(40)}.log`]: 'x' });
  const out = join(folder, 'one.tar.gz');
  const list = await writeBundle(out, files, { version: '1', redacted: false });
  await writeBundle(join(folder, 'two.tar.gz'), files, { version: '1', redacted: false });
  assert.ok(readFileSync(out).equals(readFileSync(join(folder, 'two.tar.gz'))));
  assert.equal(await compareBundle(out, list), null);
  const { files: read, missing } = await opened('one.tar.gz', readFileSync(out));
  assert.deepEqual([read['manifest.json'], read['logs/a.log'], Object.keys(read).length, missing], ['{}', 'a line\n', 3, []]);
  const bytes = gunzipSync(readFileSync(out));
  bytes[bytes.indexOf('a line')] = 0x62;
  writeFileSync(join(folder, 'changed.tar.gz'), gzipSync(bytes));
  assert.match((await compareBundle(join(folder, 'changed.tar.gz'), list)) ?? '', /logs\/a\.log is not what was written/);
});

test('archives made by hand: plain or gzipped, with a folder around them or without, gzip within', async () => {
  const bare = await archiveOf([
    { name: './', type: 'directory' },
    { name: './logs/a.log', text: 'a' },
    { name: './logs/b.log.gz', text: gzipSync('b').toString('latin1') },
  ]);
  assert.deepEqual(Object.keys((await opened('bare.tar', bare)).files), ['logs/a.log', 'logs/b.log.gz']);
  const around = await archiveOf([
    { name: 'run 1/logs/a.log', text: 'a' },
    { name: 'run 1/network.json', text: 'n' },
  ]);
  assert.deepEqual((await opened('around.tgz', gzipSync(around))).files, { 'logs/a.log': 'a', 'network.json': 'n' });
});

test('paths that lead out, links and hidden files are left out', async () => {
  const { files, missing } = await opened(
    'bad.tar',
    await archiveOf([
      { name: '../evil.log', text: 'x' },
      { name: '/etc/evil.log', text: 'x' },
      { name: 'logs/../../evil.log', text: 'x' },
      { name: 'logs/link.log', type: 'symlink' },
      { name: '.ssh/id', text: 'x' },
      { name: 'logs/good.log', text: 'good' },
    ]),
  );
  assert.deepEqual(files, { 'logs/good.log': 'good' });
  assert.deepEqual(missing.length, 2);
  assert.match(missing.join('\n'), /leads out.*\n?.*no files|no files.*\n?.*leads out/);
});

test('a torn archive gives what is whole, and says that it is torn', async () => {
  const whole = await archiveOf([
    { name: 'logs/a.log', text: 'a'.repeat(5000) },
    { name: 'logs/b.log', text: 'b'.repeat(5000) },
  ]);
  const { files, missing } = await opened('torn.tar', whole.subarray(0, 7000));
  assert.equal(files['logs/a.log'], 'a'.repeat(5000));
  assert.match(missing.join(), /torn or damaged/);
});

test('an archive that the user did not name stays a file', async () => {
  writeFileSync(join(folder, 'inner.tar'), await archiveOf([{ name: 'logs/a.log', text: 'a' }]));
  const inputs = await openBundles(await findInputs([folder]));
  assert.ok(inputs.files.some((f) => f.source === 'inner.tar'));
});

test('a path that is taken is relative and stays below its archive, whatever its name', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const safe = safeEntryPath(name);
      if ('path' in safe)
        assert.ok(!safe.path.startsWith('/') && !safe.path.split('/').includes('..') && safe.path !== '' && !safe.path.includes('\\'));
    }),
  );
});

test('any bytes behind a tar header are read without an error', async () => {
  const header = (await archiveOf([{ name: 'logs/a.log', text: 'a' }])).subarray(0, 512);
  assert.ok(recognizeTar(header));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (noise) => {
      await opened('noise.tar', Buffer.concat([header, noise]));
    }),
    { numRuns: 20 },
  );
});
