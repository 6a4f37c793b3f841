import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Sentence } from '../src/analysis/contract.js';
import { analyzePaths, ROOT } from './recordings.js';

const STEPS = join(ROOT, 'captures', 'byfn-bootstrap-steps');
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The story of byfn-bootstrap-steps' logs and inspect output after `change` was made to its log files. */
async function storyOf(change: (logs: Map<string, string>) => void): Promise<readonly Sentence[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-walkthrough-'));
  folders.push(folder);
  cpSync(join(STEPS, 'docker'), join(folder, 'docker'), { recursive: true, filter: (path) => !path.endsWith('-json.log') });
  const logs = new Map(readdirSync(join(STEPS, 'logs')).map((name) => [name, readFileSync(join(STEPS, 'logs', name), 'latin1')] as const));
  change(logs);
  for (const [name, text] of logs) writeFileSync(join(folder, name), text, 'latin1');
  return (await analyzePaths([folder])).walkthrough;
}

const tellings = (story: readonly Sentence[]): readonly string[] => story.map((s) => `${s.at} ${s.topic}: ${s.text}`);

/** The sentences that only one of two stories tells. */
function difference(a: readonly Sentence[], b: readonly Sentence[]): { readonly gone: readonly Sentence[]; readonly come: readonly Sentence[] } {
  const [ta, tb] = [new Set(tellings(a)), new Set(tellings(b))];
  return { gone: a.filter((s) => !tb.has(`${s.at} ${s.topic}: ${s.text}`)), come: b.filter((s) => !ta.has(`${s.at} ${s.topic}: ${s.text}`)) };
}

const linesWith = (text: string, ...words: readonly string[]): readonly string[] =>
  text.split('\n').filter((line) => words.some((w) => line.includes(w)));
const without = (text: string, ...words: readonly string[]): string =>
  text
    .split('\n')
    .filter((line) => !words.some((w) => line.includes(w)))
    .join('\n');

const ELECTED = ['Becoming a leader', 'Elected as a leader', 'This peer will retrieve blocks', 'Starting deliver with block'];
const unchanged = (): void => undefined;

test('the story says everything that the steps did to the network, in order', async () => {
  const story = await storyOf(unchanged);
  const steps = readFileSync(join(STEPS, 'steps.tsv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string]);
  const expected: Readonly<Record<string, (s: Sentence, what: string) => boolean>> = {
    up: (s, what) => s.topic === 'start' && what.split(' ').some((node) => s.nodes.includes(node)),
    create: (s) => s.topic === 'channel' && s.text.includes('was created'),
    join: (s, what) => s.topic === 'join' && s.nodes.some((n) => n.startsWith(what.slice('join '.length))),
    anchor: (s, what) => s.topic === 'anchor' && s.text.toLowerCase().includes(`${what.slice('anchor '.length)}msp`),
  };
  for (const [at, what] of steps) {
    const isTold = expected[what.split(' ')[0] as string];
    if (isTold === undefined) continue;
    const told = story.filter((s) => isTold(s, what) && s.at !== null && s.at >= at.replace('Z', '000Z'));
    const first = told[0];
    assert.ok(first?.at != null, `“${what}” is not told`);
    assert.ok(Date.parse(first.at) - Date.parse(at) < 5000, `“${what}” at ${at} is told at ${first.at}`);
  }
  assert.deepEqual(
    [...story].map((s) => s.at),
    [...story].map((s) => s.at).sort(),
    'in order of time',
  );
});

test('another leader changes the sentences about elections and about how blocks came to that organization, and no other', async () => {
  const before = await storyOf(unchanged);
  const swapped = await storyOf((logs) => {
    const [old, next] = ['peer0.org1.example.com.log', 'peer1.org1.example.com.log'];
    const [oldText, nextText] = [logs.get(old) as string, logs.get(next) as string];
    const pkiOf = (text: string): string => /PKI-ID: ([0-9a-f]{64}), Metadata/.exec(text)?.[1] as string;
    const follower = linesWith(nextText, 'Some peer is already a leader')[0] as string;
    const at = (/\d\d:\d\d:\d\d\.\d{3}/.exec(follower) as RegExpExecArray)[0];
    const stamp = follower.slice(0, follower.indexOf(' '));
    const moved = linesWith(oldText, ...ELECTED).map((line) =>
      line
        .replace(/^\S+/, stamp)
        .replace(/\d\d:\d\d:\d\d\.\d{3}/, at)
        .replaceAll(pkiOf(oldText), pkiOf(nextText)),
    );
    logs.set(
      old,
      oldText
        .split('\n')
        .flatMap((line) =>
          line.includes('Becoming a leader')
            ? [follower.replaceAll(pkiOf(nextText), pkiOf(oldText))]
            : ELECTED.some((w) => line.includes(w))
              ? []
              : [line],
        )
        .join('\n'),
    );
    logs.set(
      next,
      nextText
        .split('\n')
        .flatMap((line) => (line === follower ? moved : [line]))
        .join('\n'),
    );
  });
  const { gone, come } = difference(before, swapped);
  assert.ok(gone.some((s) => /peer0\.org1\S* became leader of Org1MSP/.test(s.text)));
  assert.ok(come.some((s) => /peer1\.org1\S* became leader of Org1MSP/.test(s.text)));
  assert.ok(
    come.some((s) => s.topic === 'block' && /received from \S+ by .*peer1\.org1/.test(s.text)),
    'blocks now reach Org1 through the other peer',
  );
  for (const s of [...gone, ...come]) assert.ok((s.topic === 'election' && s.nodes.some((n) => n.includes('org1'))) || s.topic === 'block', s.text);
});

test('without its anchor lines an organization’s anchor peer is not told, and nothing else changes', async () => {
  const before = await storyOf(unchanged);
  const stripped = await storyOf((logs) => {
    for (const [name, text] of logs) logs.set(name, without(text, 'anchor peers of Org2MSP for channel mychannel: ['));
  });
  const { gone, come } = difference(before, stripped);
  assert.deepEqual(
    come.map((s) => s.text),
    [],
  );
  assert.deepEqual(
    gone.map((s) => s.topic),
    ['anchor', 'membership'],
  );
  assert.match(gone[0]?.text ?? '', /anchor peer of Org2MSP/);
  assert.match(gone[1]?.text ?? '', /^Until then the peers of Org2MSP/);
});

test('a third organization adds its own sentences and changes those that speak of all peers', async () => {
  const before = await storyOf(unchanged);
  const grown = await storyOf((logs) => {
    const text = logs.get('peer0.org2.example.com.log') as string;
    const pkiId = /PKI-ID: ([0-9a-f]{64}), Metadata/.exec(text)?.[1] as string;
    const stranger = without(text, 'Membership view has changed')
      .replaceAll('org2.example.com', 'org3.example.com')
      .replaceAll('Org2MSP', 'Org3MSP')
      .replaceAll(':9051', ':11051')
      .replaceAll(':10051', ':12051')
      .replaceAll(
        pkiId,
        pkiId.replace(/./g, (c) => (c === 'f' ? '0' : (Number.parseInt(c, 16) + 1).toString(16))),
      );
    logs.set('peer0.org3.example.com.log', stranger);
  });
  const { gone, come } = difference(before, grown);
  assert.ok(come.some((s) => /peer0\.org3\S* became leader of Org3MSP/.test(s.text)));
  assert.ok(come.some((s) => /^The recording covers .* 5 peers of Org1MSP, Org2MSP and Org3MSP/.test(s.text)));
  // What was told of one peer or of the elections of the others stays.
  for (const s of gone) assert.ok(['network', 'membership', 'block', 'anchor'].includes(s.topic), s.text);
  for (const s of gone.filter((x) => x.topic === 'membership')) assert.match(s.text, /every other peer|saw one another/);
  for (const s of come)
    assert.ok(s.nodes.some((n) => n.includes('org3')) || ['network', 'membership', 'fault', 'block', 'anchor'].includes(s.topic), s.text);
});
