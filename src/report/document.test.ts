import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { at, buildAnalysis, buildNode } from '../../test/builders/analysis-builder.js';
import { buildReportAnalysis, lineOf } from '../../test/builders/report-analysis.js';
import type { Analysis } from '../analysis/contract.js';
import type { Chart } from '../charts/chart.js';
import { renderReport, SECTIONS } from './document.js';
import type { Drawing } from './figures.js';

const STYLE = 'p > a { color: red }\r\n/* </style> */';
const SCRIPT = 'console.log("</script><!--")\n';
const SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text x="1">leaders \u202e</text></svg>';

function drawingOf(name: string, svg = SVG): Drawing {
  const chart: Chart = {
    name,
    title: `Chart ${name}`,
    summary: `Summary of ${name} </script>`,
    width: 9,
    height: 9,
    configuration: { type: 'bar', data: { datasets: [] }, options: {}, hooks: { ticks: {}, tooltip: 'span', notes: false, marks: [], legend: {} } },
  };
  return { chart, svg };
}

const render = (analysis: Analysis, charts: readonly Drawing[] = [drawingOf('leader-timeline')]): string =>
  renderReport(analysis, { style: STYLE, script: SCRIPT, charts });

/** The text a reader sees of one section. */
function textOf(page: string, id: string): string {
  const from = page.indexOf(`<section id="${id}"`);
  assert.notEqual(from, -1, `no section ${id}`);
  return visible(page.slice(from, page.indexOf('</section>', from)));
}

function visible(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#8288;', '')
    .replace(/[\s\u00a0]+/g, ' ')
    .replace(/ ([.,;)])/g, '$1');
}

describe('a rich analysis', () => {
  const page = render(buildReportAnalysis());

  test('has its sections in order, one heading each, and a table of contents that leads to them', () => {
    const ids = [...page.matchAll(/<section id="([^"]+)"/g)].map((m) => m[1]);
    assert.deepEqual(ids, [...SECTIONS.map((s) => s.id), 'evidence']);
    assert.deepEqual(ids.slice(0, 10), [
      'walkthrough',
      'leaders',
      'membership',
      'blocks',
      'dissemination',
      'connectivity',
      'ordering',
      'nodes',
      'findings',
      'sources',
    ]);
    for (const id of ids) assert.ok(page.includes(`<li><a href="#${id}">`), id);
    assert.equal(page.match(/<h1>/g)?.length, 1);
    assert.doesNotMatch(page, /<h[4-6]/);
  });

  test('every link inside the page leads to an id that exists once', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
    assert.equal(new Set(ids).size, ids.length);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]);
    assert.ok(targets.filter((t) => /^e\d+$/.test(t as string)).length > 60);
    for (const target of targets) assert.ok(ids.includes(target), target);
  });

  test('a note shows the place and its text', () => {
    const mark = /15\.000<\/time><\/a>/.exec(page.slice(page.indexOf('id="leaders"')));
    assert.ok(mark !== null);
    const before = page.slice(0, page.indexOf('id="leaders"') + mark.index);
    const number = /href="#e(\d+)"/.exec(before.slice(before.lastIndexOf('<a class="e"')))?.[1];
    const note = page.slice(page.indexOf(`<li id="e${number}"`));
    assert.match(
      visible(note.slice(0, note.indexOf('</li>'))),
      /logs\/ant\.alpha\.test\.log:10 ant\.alpha\.test says 10 logs\/ant\.alpha\.test\.log:20 ant\.alpha\.test says 20/,
    );
    assert.match(visible(page), /packets\/bridge\.pcap frame 4 frame number 4/);
  });

  test('the overview answers who led, who did not see whom, and which block was slowest, where, in which stage', () => {
    const overview = visible(page.slice(page.indexOf('<header'), page.indexOf('</header>')));
    assert.match(overview, /Fault 1 fault found: Two leaders at once\. 1 question could not be decided/);
    assert.match(
      overview,
      /AlphaMSP on trade: ant\.alpha\.test from 03:04:15\.000 to 03:04:25\.000 \(renounced\); bee\.alpha\.test from 03:04:17\.000 to the end; several leaders at once; a time without a leader/,
    );
    assert.match(overview, /ant\.alpha\.test did not see cow\.beta\.test \(stopped at 03:04:44\.000\) \(lost at 03:04:45\.000\) not seen by the end/);
    assert.match(
      overview,
      /block 1 at cow\.beta\.test, 1\.44 s from the first peer that had it to its commit here: 1\.40 s dissemination, 8 ms payload buffer, 4 ms validation, 26 ms commit/,
    );
    assert.match(overview, /2030-01-02, 03:04:05\.000 to 03:05:05\.000 UTC \(1 min\)/);
  });

  test('leaders: terms, overlap, time without leader, static leaders', () => {
    const text = textOf(page, 'leaders');
    assert.match(text, /ant\.alpha\.test 03:04:15\.000 03:04:25\.000 10 s it renounced log/);
    assert.match(text, /bee\.alpha\.test 03:04:17\.000 end of recording 48 s still leading at the end log/);
    assert.match(text, /Several leaders at once: ant\.alpha\.test and bee\.alpha\.test, 03:04:17\.000 to 03:04:25\.000 \(8 s\)/);
    assert.match(text, /Nobody led: 03:04:55\.000 to 03:04:56\.000 \(1 s\)/);
    assert.match(text, /Leaders by configuration: cow\.beta\.test/);
    assert.match(text, /Stayed follower because a leader was already there: bee\.alpha\.test at 03:04:14\.000/);
  });

  test('membership: matrix, what was lost, whose views were not read, the tracker as configured', () => {
    const text = textOf(page, 'membership');
    assert.match(text, /03:04:21\.000 until 03:04:45\.000/);
    assert.match(text, /membershipTrackerInterval, 7s as configured here/);
    assert.match(text, /No view of cow\.beta\.test was read/);
    assert.match(text, /At no moment did every peer see every other/);
    assert.match(text, /ant\.alpha\.test:7051 AlphaMSP cow\.beta\.test at 03:04:20\.000/);
  });

  test('blocks: what received means, percentiles, stages of every copy', () => {
    const text = textOf(page, 'blocks');
    assert.match(text, /leaves the payload buffer in its turn, not its arrival/);
    assert.match(text, /all peers 3 0 ms 20 ms 1\.40 s 1\.40 s/);
    assert.match(
      text,
      /1 cow\.beta\.test gossip from ant\.alpha\.test \(packets 97 %\) 2 copies on the wire 03:04:36\.391 03:04:36\.392 03:04:36\.400 03:04:36\.404 4 ms 03:04:36\.430 1\.40 s 26 ms/,
    );
    assert.match(text, /1 config 1 7\.0 kB 03:04:34\.980/);
  });

  test('connectivity: repeated attempts as one row, bytes by pair, silent pairs, deliver streams', () => {
    const text = textOf(page, 'connectivity');
    assert.match(text, /ant\.alpha\.test bee\.alpha\.test:7051 bootstrap not reached 2 03:04:07\.000 03:04:33\.000 context deadline exceeded/);
    assert.match(text, /cow\.beta\.test is not responsive 1 03:04:44\.500/);
    assert.match(text, /ant\.alpha\.test cow\.beta\.test 03:04:05\.000 03:05:05\.000 packets\/bridge\.pcap/);
    assert.match(text, /bee\.alpha\.test 9\.0 kB itself no connection read/);
    assert.match(text, /itself 9\.0 kB nothing/);
    assert.match(text, /ant\.alpha\.test ord\.test trade 03:04:15\.500 no end read 1 packets/);
  });

  test('ordering, nodes, findings and sources say what the analysis says', () => {
    assert.match(textOf(page, 'ordering'), /trade 2 ord\.test 1 03:04:08\.000 end of recording ord\.test/);
    assert.match(textOf(page, 'nodes'), /stopped – – – Docker/);
    assert.match(textOf(page, 'nodes'), /peer\.gossip\.membershiptrackerinterval 7s/);
    assert.match(textOf(page, 'findings'), /Late views not enough was read to decide Too few views/);
    const sources = textOf(page, 'sources');
    assert.match(sources, /packets\/bridge\.pcap packets pcap – 9 0 03:04:05\.000 03:05:05\.000 12 unknown/);
    assert.match(sources, /notes\.bin unreadable/);
    assert.match(sources, /torn-record 3 half a li/);
    assert.match(sources, /Membership view has changed/);
  });

  test('the same input gives the same bytes', () => {
    assert.equal(render(buildReportAnalysis()), page);
  });

  test('table heads and row heads have their scope', () => {
    assert.doesNotMatch(page, /<th(?![^>]*scope=)[\s>]/);
  });
});

describe('an empty analysis', () => {
  const page = render(buildAnalysis({ window: { from: null, to: null } }), []);

  test('says in every section what is not known, and how to record it, without an empty table or chart', () => {
    for (const section of SECTIONS) {
      const text = textOf(page, section.id);
      assert.match(text, /Not in these sources/, section.id);
      if (section.id !== 'findings') assert.match(text, /To record it: \S/, section.id);
    }
    assert.doesNotMatch(page, /<tbody>\s*<\/tbody>|<figure|NaN|undefined|>null</);
  });

  test('a channel without blocks, views and leaders says so', () => {
    const rich = buildReportAnalysis();
    const bare = rich.channels.map((c) => ({
      ...c,
      blocks: [],
      membership: { basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null },
      organizations: c.organizations.map((o) => ({
        ...o,
        staticLeaders: [],
        leadership: { terms: [], followers: [], overlaps: [], leaderless: [], verdict: 'unknown' as const },
      })),
    }));
    const thin = render({ ...rich, channels: bare }, []);
    assert.match(textOf(thin, 'leaders'), /Not in these sources: who led AlphaMSP/);
    assert.match(textOf(thin, 'membership'), /Not in these sources: who saw whom on trade/);
    assert.match(textOf(thin, 'blocks'), /Not in these sources: the blocks of trade/);
    assert.match(visible(thin.slice(0, thin.indexOf('</header>'))), /unknown; no election in these sources/);
  });
});

test('where no receipt is known, commits are compared, and columns without any value are left out', () => {
  const rich = buildReportAnalysis();
  const none = { count: 0, p50Micros: null, p90Micros: null, p99Micros: null, maxMicros: null };
  const channels = rich.channels.map((c) => ({
    ...c,
    propagation: { ...c.propagation, received: none },
    blocks: c.blocks.map((b) => ({
      ...b,
      spreadMicros: null,
      ordered: null,
      bytes: null,
      copies: b.copies.map((copy) => ({ ...copy, receivedAt: null, lagMicros: null, commit: null })),
    })),
  }));
  const text = textOf(render({ ...rich, channels }, []), 'blocks');
  assert.match(
    text,
    /each committed the block Block Transactions ant\. alpha\. test bee\. alpha\. test cow\. beta\. test 0 1 genesis genesis genesis 1 config 1 first \+20 ms \+1\.40 s/,
  );
  assert.match(text, /Not in these sources: when peers received blocks/);
  assert.doesNotMatch(text, /received: copies|Commit took/);
});

describe('the verdict', () => {
  const rich = buildReportAnalysis();
  const verdictText = (analysis: Analysis): string => visible(/<p class="verdict[\s\S]*?<\/p>/.exec(render(analysis, []))?.[0] ?? '');
  const clear = rich.findings.map((f) => ({ ...f, verdict: 'clear' as const }));

  test('is not clear while the reconstruction shows several leaders, no leader, or peers out of view', () => {
    assert.match(
      verdictText({ ...rich, findings: clear }),
      /Look No fault found in 2 checks\. To look at: AlphaMSP on trade had several leaders at once \(8 s\); AlphaMSP on trade had no leader for 1 s/,
    );
  });

  test('is clear when checks are and nothing is to be seen; without checks it is undecided', () => {
    assert.match(verdictText({ ...rich, findings: clear, channels: [] }), /Clear No fault found in 2 checks\./);
    assert.match(verdictText({ ...rich, findings: [], channels: [] }), /Undecided No check could give a verdict/);
  });
});

describe('untrusted text', () => {
  const evil = 'peer</script><img src=x onerror=alert(1)>"\'\u202e\x1b[31m';
  const rich = buildReportAnalysis();
  const poisoned = JSON.parse(
    JSON.stringify(rich)
      .replaceAll('bee.alpha.test', JSON.stringify(evil).slice(1, -1))
      .replaceAll('trade', JSON.stringify(`</style>${evil}`).slice(1, -1)),
  ) as Analysis;
  const page = render(poisoned, [drawingOf(`leader-${evil}`)]);

  test('runs nothing and ends no element', () => {
    assert.doesNotMatch(page, /<img src=x/);
    assert.equal(page.match(/<\/script>/gi)?.length, 2);
    assert.equal(page.match(/<\/style>/gi)?.length, 1);
    assert.doesNotMatch(page, /[\u202e\x1b]/);
    assert.match(page, /\\u202e<\/i><i class="c">\\x1b\[31m/);
  });

  test('keys that are names of object members are no members', () => {
    const odd = render({
      ...rich,
      oddities: [
        {
          kind: 'k',
          count: 1,
          example: 'e',
          evidence: [
            { source: 'constructor', line: 1 },
            { source: '__proto__', line: 2 },
          ],
        },
      ],
    });
    assert.match(visible(odd), /constructor:1 its text was not kept/);
  });

  test('a drawing that could run or load something stands as an image', () => {
    for (const bad of [
      '<script>1</script>',
      '<g onload="x"/>',
      '<image href="https://x.test/a"/>',
      '<rect style="fill:red"/>',
      '<rect fill="url(https://x.test)"/>',
    ]) {
      const drawn = render(rich, [drawingOf('leader-timeline', SVG.replace('<text', `${bad}<text`))]);
      assert.ok(drawn.includes('src="data:image/svg+xml;base64,'), bad);
      assert.ok(!drawn.includes(bad), bad);
    }
  });
});

describe('the page stands alone', () => {
  const page = render(buildReportAnalysis(), [drawingOf('leader-timeline'), drawingOf('traffic'), drawingOf('something-new')]);

  test('the policy forbids all but the very style and script that are in the page', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1]?.replaceAll('&#39;', "'");
    assert.ok(policy !== undefined);
    assert.match(policy, /^default-src 'none'; /);
    const hashOf = (text: string | undefined): string =>
      createHash('sha256')
        .update(text ?? '', 'utf8')
        .digest('base64');
    assert.ok(policy.includes(`style-src 'sha256-${hashOf(/<style>([\s\S]*?)<\/style>/.exec(page)?.[1])}'`));
    assert.ok(policy.includes(`script-src 'sha256-${hashOf(/<script>([\s\S]*?)<\/script>/.exec(page)?.[1])}'`));
    assert.doesNotMatch(policy, /unsafe/);
  });

  test('it refers to nothing on a network and has no inline style', () => {
    assert.doesNotMatch(page, /(?:src|href|action|poster|data)\s*=\s*["']?\s*(?:https?:|\/\/)/i);
    assert.doesNotMatch(page, /url\(|@import|\sstyle="/);
  });

  test('every chart is on the page once, with its configuration', () => {
    for (const [index, name] of ['leader-timeline', 'traffic', 'something-new'].entries()) {
      assert.equal(page.split(`data-chart="${index}"`).length, 2, name);
      assert.ok(page.includes(`aria-label="Summary of ${name} &lt;/script&gt;"`));
    }
    const json = /<script type="application\/json" id="charts">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    assert.equal((JSON.parse(json) as unknown[]).length, 3);
    assert.ok(page.indexOf('data-chart="0"') < page.indexOf('<section id="membership"'));
    assert.ok(page.indexOf('data-chart="1"') > page.indexOf('<section id="connectivity"'));
  });
});

test('a large network stays within a size a browser opens at once, and what is left out is counted', () => {
  const rich = buildReportAnalysis();
  const [channel] = rich.channels;
  assert.ok(channel !== undefined);
  const [, block] = channel.blocks;
  assert.ok(block !== undefined);
  const blocks = Array.from({ length: 3_000 }, (_, i) => ({ ...block, number: i + 1, spreadMicros: i }));
  const page = render({ ...rich, channels: [{ ...channel, blocks }] }, []);
  assert.match(textOf(page, 'blocks'), /2 000 of 3 000 blocks are shown, those with the largest spread; all are in analysis\.json/);
  assert.ok(page.length < 6_000_000, String(page.length));
  const many = render({
    ...rich,
    gossip: {
      ...rich.gossip,
      suspicions: Array.from({ length: 1_500 }, (_, i) => ({
        observer: `p${i}`,
        subject: 'q',
        at: rich.window.from as string,
        kind: 'silent' as const,
        reason: null,
        evidence: [lineOf('ant.alpha.test', 1)],
      })),
    },
  });
  assert.match(textOf(many, 'connectivity'), /The first 1 000 of 1 500 suspicions are shown/);
});

test('a container beside the network is told as what it is, and nothing of it is unknown that it does not have', () => {
  const node = buildNode('dev-p0-cc', { kind: 'client', purpose: 'chaincode', timers: { 'peer.tls.enabled': 'true' }, addresses: ['10.5.0.9'] });
  const text = textOf(render(buildAnalysis({ nodes: [node, buildNode('p0')] })), 'nodes');
  assert.match(text, /p0 peer .*dev-p0-cc chaincode container – – – 10\.5\.0\.9 – its own log/, 'peers first');
  assert.match(text, /dev-p0-cc \S+ started – – – log/);
  assert.doesNotMatch(text, /Settings that decide what is normal/, 'a client’s settings are none of a peer’s');
});

test('a time on another day than the first carries its date', () => {
  const node = buildNode('p', {
    starts: [{ at: '2030-01-03T00:00:01.500000Z', fabricVersion: null, leaderElection: 'unknown', bootstrap: null, basis: 'log', evidence: [] }],
  });
  assert.match(textOf(render(buildAnalysis({ nodes: [node] })), 'nodes'), /2030-01-03 00:00:01\.500/);
});

describe('dissemination', () => {
  const rich = buildReportAnalysis();
  const [channel] = rich.channels;
  assert.ok(channel !== undefined);
  const wire = {
    basis: 'packets' as const,
    copies: 630,
    withSender: 629,
    transfers: 900,
    expectedRight: 880.4,
    unexplained: 1,
    redundancy: { receivedBytes: 9_000_000, neededBytes: 3_000_000 },
  };
  const withWire = (parts: object): Analysis => ({ ...rich, channels: [{ ...channel, ...parts }] });

  test('says how it is known, how much is covered, and how much its own confidences promise to be wrong', () => {
    const text = textOf(render(withWire({ wire })), 'dissemination');
    assert.match(text, /The traffic is encrypted: no block was read/);
    assert.match(text, /Of 630 copies at peers \(blocks from 1 on\) the sender of 629 is known \(99\.8 %\)/);
    assert.match(text, /900 transfers of blocks are told\. By their own confidences about 20 of them are wrong/);
    assert.match(text, /1 message between peers, as large as a block, fits no block that the sender can have had, and stays unexplained/);
    assert.match(text, /3\.0 times the bytes of blocks that they needed \(9\.0 MB for 3\.0 MB\)/);
  });

  test('shows a block with the reason, its diagram, its tree and what arrived late', () => {
    const page = render(withWire({ wire }));
    const text = textOf(page, 'dissemination');
    assert.match(text, /Block 1 Shown because it is the first block whose way to every peer is known/);
    assert.match(text, /Block 1 came to 3 peers within/);
    assert.equal(page.match(/<svg class="space-time"/g)?.length, 1);
    assert.match(page, /<ul class="tree">/);
  });

  test('several blocks can be picked by the script, and the page says so to nobody else', () => {
    const [, block] = channel.blocks;
    assert.ok(block !== undefined);
    const page = render(withWire({ blocks: [1, 2, 3, 4].map((number) => ({ ...block, number })) }));
    const json = /<div class="picker" hidden data-left=""><script type="application\/json">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? 'null';
    const packed = JSON.parse(json) as { readonly blocks: readonly (readonly [number, string, readonly (readonly number[])[]])[] } | null;
    assert.deepEqual(
      packed?.blocks.map(([number]) => number),
      [1, 2, 3, 4],
    );
    for (const [, , lanes] of packed?.blocks ?? [])
      for (const lane of lanes) for (const note of lane.slice(2, 4)) assert.ok(note === 0 || page.includes(`<li id="e${note}"`));
  });

  test('the delay from the wire to the log is told by peer, and negative ones are called so', () => {
    const delayed = channel.blocks.map((b) => ({
      ...b,
      copies: b.copies.map((c, i) => ({ ...c, ...(b.number === 0 ? {} : { wireDelayMicros: [-400, 2_500, 9_000][i] ?? 0 }) })),
    }));
    const text = textOf(render(withWire({ blocks: delayed })), 'dissemination');
    assert.match(
      text,
      /From the last byte on the wire to “Received block” Peer Blocks Median p90 Longest all peers 3 2\.5 ms 9 ms 9 ms ant\.alpha\.test 1 −400 µs/,
    );
    assert.match(text, /1 delay is negative/);
  });

  test('without a transfer there is one hint and nothing else', () => {
    const blocks = channel.blocks.map((b) => ({ ...b, copies: b.copies.map((c) => ({ ...c, transfers: [], from: null })) }));
    const page = render({ ...withWire({ blocks }), sources: rich.sources.filter((s) => s.kind !== 'packets') });
    const text = textOf(page, 'dissemination');
    assert.match(text, /^ *Dissemination Not in these sources: who sent blocks to whom, and when they arrived on the wire\. That is told by packets/);
    assert.doesNotMatch(text, /Shown because|Draw|budget/);
  });
});

describe('leaders by packets', () => {
  const rich = buildReportAnalysis();
  const [channel] = rich.channels;
  assert.ok(channel !== undefined);
  const packets = (peer: string, from: number, to: number | null) => ({
    peer,
    from: at(from),
    to: to === null ? null : at(to),
    endedBy: to === null ? ('still-leading' as const) : ('stopped' as const),
    basis: 'packets' as const,
    evidence: [],
  });
  const withLeadership = (change: object): Analysis => ({
    ...rich,
    channels: [
      { ...channel, organizations: channel.organizations.map((o, i) => (i === 0 ? { ...o, leadership: { ...o.leadership, ...change } } : o)) },
    ],
  });
  const logged = channel.organizations[0]?.leadership.terms ?? [];

  test('stand beside those of the logs with their distances, and are counted once', () => {
    const page = render(
      withLeadership({
        terms: [...logged, packets('ant.alpha.test', 10_400, 20_000), packets('bee.alpha.test', 1_000, 2_000)],
        apart: [{ peer: 'ant.alpha.test', from: at(10_000), fromMicros: 400_000, toMicros: -20_000 }],
      }),
    );
    const text = textOf(page, 'leaders');
    assert.match(text, /one term in common, that of ant\.alpha\.test ?: by the packets it began 400 ms later, and ended 20 ms earlier/);
    assert.match(text, /ant\.alpha\.test 03:04:15\.000 03:04:25\.000 10 s it renounced log \+400 ms \/ −20 ms/);
    assert.match(text, /bee\.alpha\.test 03:04:17\.000 end of recording 48 s still leading at the end log no such term/);
    assert.match(text, /By the packets only: bee\.alpha\.test led, 03:04:06\.000 to 03:04:07\.000 \(1 s\); no log tells of that term/);
    const overview = visible(page.slice(page.indexOf('<header'), page.indexOf('</header>')));
    assert.match(overview, /bee\.alpha\.test from 03:04:17\.000 to the end; and 1 term that only the packets show; several leaders/);
  });

  test('alone they are said to be all that is known', () => {
    const page = render(withLeadership({ terms: [packets('ant.alpha.test', 10_000, null)], overlaps: [], leaderless: [], verdict: 'single-leader' }));
    assert.match(textOf(page, 'leaders'), /Known from packets alone, as no log of an election was read: a peer leads while an orderer delivers/);
    assert.match(visible(page), /ant\.alpha\.test from 03:04:15\.000 to the end, by packets alone/);
  });
});

test('traffic by purpose: shares, and every pair on demand', () => {
  const rich = buildReportAnalysis();
  const sent = (from: string, to: string, purpose: 'alive' | 'duplicate', bytes: number) => ({
    from,
    to,
    purpose,
    bytes,
    messages: 2,
    basis: 'packets' as const,
  });
  const traffic = [sent('ant.alpha.test', 'bee.alpha.test', 'duplicate', 9_000), sent('bee.alpha.test', 'ant.alpha.test', 'alive', 1_000)];
  const text = textOf(render({ ...rich, gossip: { ...rich.gossip, traffic } }), 'connectivity');
  assert.match(text, /What an encrypted message was for is concluded from its size/);
  assert.match(text, /blocks sent again \(duplicates\) 9\.0 kB 90 % 2 4\.5 kB alive messages 1\.0 kB 10 % 2 500 B all 10\.0 kB 100 % 4 2\.5 kB/);
  assert.match(text, /ant\.alpha\.test bee\.alpha\.test 9\.0 kB 9\.0 kB –/);
});
