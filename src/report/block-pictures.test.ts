import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  at,
  buildAnalysis,
  buildBlock,
  buildChannel,
  buildChannelPeer,
  buildCopy,
  buildNode,
  buildOrganization,
} from '../../test/builders/analysis-builder.js';
import type { Analysis, Block, BlockCopy, Transfer } from '../analysis/contract.js';
import { type BlockPicture, pictureOf } from './block-picture.js';
import { confidenceWord, summaryOf } from './block-words.js';
import { cited, EvidenceNotes } from './evidence-notes.js';
import { type Html, writeHtml } from './html.js';
import { packPictures, unpackPicture } from './packed-pictures.js';
import { renderSenderTree } from './sender-tree.js';
import { drawSpaceTime, type LinkEvidence, MAX_ARROWS_WITH_DUPLICATES, MAX_LANES, MAX_LANES_WITH_DUPLICATES } from './space-time.js';

const transfer = (from: string, first: number, last: number, parts: Partial<Transfer> = {}): Transfer => ({
  from,
  kind: 'push',
  basis: 'packets',
  confidence: 0.97,
  firstByteAt: at(first),
  lastByteAt: at(last),
  bytes: 7_000,
  evidence: [{ source: 'packets/a.pcap', frame: Math.round(first * 10) + 1 }],
  ...parts,
});
const copy = (peer: string, transfers: readonly Transfer[], parts: Partial<BlockCopy> = {}): BlockCopy => {
  const [used] = transfers;
  return buildCopy(peer, {
    from: used === undefined ? null : { node: used.from, basis: 'packets', confidence: used.confidence },
    lastByteAt: used?.lastByteAt ?? null,
    transfers,
    evidence: [{ source: `logs/${peer}.log`, line: 7 }],
    ...parts,
  });
};

const NAMES = ['p10.x.test', 'p2.x.test', 'p1.x.test', 'q1.y.test'] as const;
const [P10, P2, P1, Q1] = NAMES;
const ORDERER = 'ord.test';
const block: Block = buildBlock(7, [
  copy(P2, [transfer(ORDERER, 100, 100.5, { kind: 'deliver', confidence: 1 })], {
    receivedAt: at(102),
    validatedAt: at(104),
    committedAt: at(120),
  }),
  copy(P1, [transfer(P2, 101, 101.6), transfer(P10, 104, 104.4, { confidence: 0.6 })]),
  copy(P10, [transfer(P1, 102, 103, { confidence: 0.8 })]),
  copy(Q1, [transfer(P10, 4_100, 4_101, { kind: 'pull' })]),
]);
const analysis: Analysis = buildAnalysis({
  nodes: [...NAMES.map((n) => buildNode(n, { mspId: n === Q1 ? 'YMSP' : 'XMSP' })), buildNode(ORDERER, { kind: 'orderer' })],
  channels: [
    buildChannel('trade', {
      peers: NAMES.map((n) => buildChannelPeer(n, 0)),
      organizations: [
        buildOrganization('XMSP', [P10, P2, P1], {
          terms: [
            { peer: P2, from: at(50), to: null, endedBy: 'still-leading', basis: 'log', evidence: [] },
            { peer: P1, from: at(50), to: null, endedBy: 'still-leading', basis: 'packets', evidence: [] },
          ],
        }),
      ],
      blocks: [block],
    }),
  ],
});

const pictureOfBlock = (b: Block, of: Analysis = analysis): BlockPicture => {
  const channel = of.channels[0];
  assert.ok(channel !== undefined);
  const picture = pictureOf(of, channel, b);
  assert.ok(picture !== null);
  return picture;
};
const picture = pictureOfBlock(block);
const link: LinkEvidence = (content, of) => cited(content, of.evidence);
const write = (markup: Html): string => writeHtml(markup, new EvidenceNotes());
const drawn = (p: BlockPicture): string => write(drawSpaceTime(p, summaryOf(p), link).svg);
const visible = (markup: string): string =>
  markup
    .replace(/<title>[\s\S]*?<\/title>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ');

describe('the picture of a block', () => {
  test('has orderers first, then organizations, in each its leader first, and times from the first byte', () => {
    assert.deepEqual(
      picture.lanes.map((l) => [l.label, l.group, l.role, l.arrived]),
      [
        [ORDERER, null, 'orderer', null],
        ['p2.x', 'XMSP', 'leader', 500],
        ['p1.x', 'XMSP', 'peer', 1_600],
        ['p10.x', 'XMSP', 'peer', 3_000],
        ['q1.y', 'YMSP', 'peer', 4_001_000],
      ],
    );
    assert.deepEqual(
      picture.ways.map((w) => [w.from, w.to, w.first, w.last, w.isUsed]),
      [
        [0, 1, 0, 500, true],
        [1, 2, 1_000, 1_600, true],
        [3, 2, 4_000, 4_400, false],
        [2, 3, 2_000, 3_000, true],
        [3, 4, 4_000_000, 4_001_000, true],
      ],
    );
  });

  test('says in words what it shows', () => {
    assert.equal(
      summaryOf(picture).replaceAll('\u00a0', ' '),
      'Block 7 came to 4 peers within 4 s, last to q1.y.test: 1 from the ordering service, 2 pushed, 1 pulled; 1 copy beyond the first.',
    );
    const unknown = pictureOfBlock(buildBlock(7, [{ ...copy(P1, [transfer(P2, 1, 2, { confidence: 0.3 })]), from: null }]));
    assert.match(summaryOf(unknown), /^Of block 7 no sender is known/);
  });

  test('a block without transfers has none', () => {
    assert.equal(pictureOf(analysis, analysis.channels[0] as Analysis['channels'][number], buildBlock(8, [copy(P1, [])])), null);
  });
});

test('a confidence in words falls with the number, and what was read is certain', () => {
  const word = (confidence: number, basis: Transfer['basis'] = 'packets') => confidenceWord({ confidence, basis });
  assert.deepEqual(
    [1, 0.93, 0.8, 0.5, 0.49].map((c) => word(c)),
    ['as good as certain', 'very likely', 'likely', 'more likely than not', 'only a guess'],
  );
  assert.equal(word(1, 'plaintext'), 'read');
});

describe('the space-time diagram', () => {
  const svg = drawn(picture);

  test('draws the copies used apart from the others, doubtful ones and pulled ones', () => {
    const classes = [...svg.matchAll(/<g class="(way [^"]*)"[^>]*><title>/g)].map((m) => m[1]);
    assert.deepEqual(classes, ['way spare doubtful', 'way used', 'way used', 'way used doubtful', 'way used fetched']);
    assert.match(
      svg.replaceAll('\u00a0', ' '),
      /p10\.x\.test to q1\.y\.test: pulled, the copy it used\. 4 s to 4 s after the block’s first byte, 7\.0 kB\. very likely \(confidence 0\.97\)/,
    );
  });

  test('every arrow and every lane’s marks lead to their evidence', () => {
    assert.equal(svg.match(/<a class="e" href="#e\d+"><g class="way/g)?.length, 5);
    assert.equal(svg.match(/<a class="e" href="#e\d+"><g class="stages/g)?.length, 1);
  });

  test('an arrow points down from its sender’s lane to its receiver’s, later at the right', () => {
    const [x1, y1, x2, y2] = (
      /<g class="way used"[^>]*><title>ord\.test to p2[\s\S]*?<path class="line" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(svg) ?? []
    )
      .slice(1)
      .map(Number) as [number, number, number, number];
    assert.ok(x2 > x1 && y2 > y1, [x1, y1, x2, y2].join(' '));
  });

  test('says that it leaves out the wait for the last peer', () => {
    assert.match(visible(svg), /3\.98 s left out/);
    assert.match(drawSpaceTime(picture, '', link).remarks.join(' '), /leaves out a stretch in which nothing happened/);
  });

  test('no two texts of a line overlap', () => {
    const texts = [...svg.matchAll(/<text(?: class="[^"]*")? x="([\d.]+)" y="([\d.]+)"(?: text-anchor="(\w+)")?>([\s\S]*?)<\/text>/g)].map((m) => {
      const width = visible(m[4] as string).trim().length * 6;
      const x = Number(m[1]);
      const left = m[3] === 'middle' ? x - width / 2 : m[3] === 'end' ? x - width : x;
      return { y: Number(m[2]), left, right: left + width, text: visible(m[4] as string) };
    });
    assert.ok(texts.length > 15);
    for (const [i, a] of texts.entries())
      for (const b of texts.slice(i + 1))
        assert.ok(Math.abs(a.y - b.y) >= 10 || a.right <= b.left || b.right <= a.left, `“${a.text}” and “${b.text}”`);
  });

  test('escapes names and holds no style of its own, which the page’s policy would drop', () => {
    const evil = '</svg><script>"\'';
    const hostile = drawn({
      ...picture,
      lanes: picture.lanes.map((l) => ({ ...l, name: evil, label: evil, group: l.group === null ? null : evil })),
    });
    assert.doesNotMatch(hostile, /<script/);
    assert.doesNotMatch(svg, /\sstyle=/);
  });

  test('many peers: copies that were not used go first, then peers that passed nothing on, and both are counted', () => {
    const many = (count: number): Block =>
      buildBlock(1, [
        copy(P2, [transfer(ORDERER, 0, 1, { kind: 'deliver' })]),
        ...Array.from({ length: count }, (_, i) => copy(`z${i}`, [transfer(P2, 2 + i, 3 + i), transfer('z0', 300, 301)])),
      ]);
    const crowded = drawSpaceTime(pictureOfBlock(many(MAX_LANES_WITH_DUPLICATES)), '', link);
    assert.match(crowded.remarks.join(' '), /48 copies that were not used are not drawn/);
    assert.doesNotMatch(write(crowded.svg), /class="way spare"/);
    const flood = Array.from({ length: MAX_ARROWS_WITH_DUPLICATES + 1 }, (_, i) => transfer(P2, 2 + i, 3 + i));
    assert.match(
      drawSpaceTime(pictureOfBlock(buildBlock(1, [copy(P1, flood)])), '', link).remarks.join(' '),
      /600 copies that were not used are not drawn/,
    );
    const huge = drawSpaceTime(pictureOfBlock(many(MAX_LANES + 20)), '', link);
    assert.match(huge.remarks.join(' '), /22 peers that passed nothing on and were not among the last are not drawn/);
    const text = visible(write(huge.svg));
    assert.match(text, /ord\.test/);
    assert.match(text, / z119 /);
    assert.doesNotMatch(text, / z1 /);
  });
});

describe('the tree of senders', () => {
  test('each peer stands under the one whose copy it used, with the hop from that one’s last byte', () => {
    const tree = write(renderSenderTree(picture, link));
    assert.match(
      visible(tree),
      /ord\.test p2\.x\.test leader of XMSP at 500 µs ?, delivered by the ordering service, as good as certain p1\.x\.test \+1\.1 ms at 1\.6 ms, pushed, very likely p10\.x\.test \+1\.4 ms at 3 ms, pushed, likely q1\.y\.test \+4 s at 4 s, pulled, very likely/,
    );
    assert.equal(tree.match(/<ul/g)?.length, 5);
    assert.match(tree, /title="confidence 0\.80, packets"/);
  });

  test('a circle of senders and peers without one are shown, each once', () => {
    const odd = buildBlock(1, [copy(P1, [transfer(P2, 1, 2)]), copy(P2, [transfer(P1, 3, 4)]), copy(Q1, [], { arrivedAt: at(5) })]);
    const text = visible(write(renderSenderTree(pictureOfBlock(odd), link)));
    assert.equal(text.match(/p1\.x\.test/g)?.length, 1);
    assert.equal(text.match(/p2\.x\.test/g)?.length, 1);
    assert.match(text, /Sender not known from the wire: q1\.y\.test \(arrived at 4 ms\)/);
  });
});

test('a packed picture is drawn as the picture itself, with the notes of its copies', () => {
  const packed = JSON.parse(JSON.stringify(packPictures([picture], (evidence) => evidence.length))) as ReturnType<typeof packPictures>;
  const unpacked = unpackPicture(packed, packed.blocks[0] as (typeof packed.blocks)[number]);
  const bare = { ...picture, lanes: picture.lanes.map((l) => ({ ...l, evidence: [] })), ways: picture.ways.map((w) => ({ ...w, evidence: [] })) };
  assert.deepEqual(unpacked.picture, bare);
  assert.equal(drawn(unpacked.picture), drawn(bare));
  assert.deepEqual(unpacked.picture.ways.map(unpacked.noteOf), [1, 1, 0, 1, 1]);
  assert.deepEqual(unpacked.picture.lanes.map(unpacked.noteOf), [0, 1, 1, 1, 1]);
});

test('a column of numbers stands only where there are any', () => {
  const bare = { ...picture, lanes: picture.lanes.map((l) => ({ ...l, committed: null })) };
  assert.match(visible(drawn(picture)), / arrived committed /);
  assert.doesNotMatch(visible(drawn(bare)), /committed/);
});
