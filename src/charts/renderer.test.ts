import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import {
  at,
  buildAnalysis,
  buildBlock,
  buildChannel,
  buildChannelPeer,
  buildConnection,
  buildCopy,
  buildMatrixCell,
  buildNode,
  buildOrganization,
  buildPercentiles,
  buildPropagation,
} from '../../test/builders/analysis-builder.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import type { Analysis } from '../analysis/contract.js';
import { drawCharts } from './catalogue.js';
import type { Chart, PlainObject } from './chart.js';
import { ChartRenderer } from './renderer.js';

const renderer = new ChartRenderer();

/** A busy network: every chart has something to show. */
function buildNetwork(peers: number, blocks: number): Analysis {
  const names = Array.from({ length: peers }, (_, i) => `peer${i >> 1}.org${1 + (i % 2)}.example.com`);
  const nodes = [...names.map((name, i) => buildNode(name, { mspId: `Org${1 + (i % 2)}MSP` })), buildNode('orderer', { kind: 'orderer' })];
  const term = { peer: names[0] as string, from: at(6_000), to: null, endedBy: 'still-leading', basis: 'log', evidence: [] } as const;
  const commit = { totalMillis: 30, stateValidationMillis: 1, blockAndPvtdataCommitMillis: 20, stateCommitMillis: 5 };
  const channel = buildChannel('trade', {
    peers: names.map((name) => buildChannelPeer(name, 5_000)),
    organizations: [buildOrganization('Org1MSP', names, { terms: [term] })],
    membership: {
      basis: 'log',
      changes: [],
      matrix: names.flatMap((observer) =>
        names.filter((s) => s !== observer).map((subject, i) => buildMatrixCell(observer, subject, [[7_000 + 100 * i, null]])),
      ),
      fullViewAt: {},
      convergedAt: at(12_000),
    },
    blocks: Array.from({ length: blocks }, (_, number) =>
      buildBlock(
        number,
        names.map((peer, i) => {
          const lag = (i + number) % peers === 0 ? 0 : (1 + ((i * 7 + number * 13) % 900)) * 1_000;
          return buildCopy(peer, {
            lagMicros: lag,
            receivedAt: at(9_000 + number + lag / 1000),
            committedAt: at(9_050 + number + lag / 1000),
            validationMillis: 3,
            commit,
          });
        }),
      ),
    ),
    propagation: buildPropagation({ received: buildPercentiles(4e5, 8e5, 9e5, 9e5), committed: buildPercentiles(4e5, 8e5, 9e5, 9e5) }),
  });
  const connections = [
    buildConnection(
      names[0] as string,
      'orderer',
      Array.from({ length: 50 }, (_, second) => ({ second, there: 90, back: 700 })),
    ),
  ];
  return buildAnalysis({ nodes, channels: [channel], gossip: { ...buildAnalysis().gossip, connections } });
}

/** The pixels of an 8-bit RGBA or RGB PNG without interlacing, as canvases write them. */
function decodePng(png: Uint8Array): {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly Uint8Array[];
  readonly pixelBytes: number;
} {
  const bytes = Buffer.from(png);
  assert.equal(bytes.subarray(1, 4).toString('latin1'), 'PNG');
  const [width, height, pixelBytes] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[25] === 6 ? 4 : 3];
  const parts: Buffer[] = [];
  for (let offset = 8; offset < bytes.length; ) {
    const length = bytes.readUInt32BE(offset);
    if (bytes.subarray(offset + 4, offset + 8).toString('latin1') === 'IDAT') parts.push(bytes.subarray(offset + 8, offset + 8 + length));
    offset += length + 12;
  }
  const data = inflateSync(Buffer.concat(parts));
  const stride = width * pixelBytes;
  const rows: Uint8Array[] = [];
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)] as number;
    const row = data.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    const above = rows[y - 1] ?? new Uint8Array(stride);
    for (let x = 0; x < stride; x++) {
      const [left, up, corner] = [row[x - pixelBytes] ?? 0, above[x] as number, above[x - pixelBytes] ?? 0];
      row[x] = (row[x] as number) + predicted(filter, left, up, corner);
    }
    rows.push(row);
  }
  return { width, height, rows, pixelBytes };
}

// PNG (second edition) section 9.2.
function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter < 3) return [0, left, up][filter] as number;
  if (filter === 3) return (left + up) >> 1;
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

const darkPixelsAbove = (png: Uint8Array, limit: number): number => {
  const { rows, pixelBytes } = decodePng(png);
  let dark = 0;
  for (const row of rows.slice(0, limit)) for (let x = 0; x < row.length; x += pixelBytes) if ((row[x] as number) < 100) dark++;
  return dark;
};

const charts = drawCharts(buildNetwork(4, 6));
const first = charts[0] as Chart;

test('every kind of chart becomes a PNG of its size, on white', () => {
  assert.equal(charts.length, 7);
  assert.equal(new Set(charts.map((c) => c.name)).size, charts.length);
  for (const chart of charts) {
    const { width, height, rows } = decodePng(renderer.renderPng(chart));
    assert.deepEqual([width, height], [chart.width, chart.height], chart.name);
    assert.deepEqual([...(rows[0] as Uint8Array).subarray(0, 3)], [255, 255, 255], chart.name);
  }
});

test('the title is really drawn: without it its place is white', () => {
  const options = first.configuration.options as { readonly plugins: { readonly [plugin: string]: PlainObject } };
  const plugins = { ...options.plugins, title: { ...options.plugins['title'], color: '#FFFFFF' } };
  const untitled: Chart = { ...first, configuration: { ...first.configuration, options: { ...first.configuration.options, plugins } } };
  const [withTitle, without] = [first, untitled].map((chart) => darkPixelsAbove(renderer.renderPng(chart), 34)) as [number, number];
  assert.equal(without, 0);
  assert.ok(withTitle > 300, `${withTitle} dark pixels`);
});

test('the same chart gives the same bytes, whatever was drawn before', () => {
  const [png, svg] = [renderer.renderPng(first), renderer.renderSvg(first)];
  for (const chart of charts.slice(1)) renderer.renderSvg(chart);
  assert.ok(Buffer.from(renderer.renderPng(first)).equals(Buffer.from(png)));
  assert.equal(renderer.renderSvg(first), svg);
});

test('an SVG holds its words as text with a fallback font, scales, and shares no id with another', () => {
  const [one, other] = charts.map((chart) => renderer.renderSvg(chart)) as [string, string];
  assert.match(one, /^<svg viewBox="0 0 \d+ \d+" /);
  assert.match(one, /font-family="[^"]+, sans-serif"/);
  assert.ok(one.includes('peer0.org1.example.com'));
  const idsOf = (svg: string): readonly string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1] as string);
  assert.ok(idsOf(one).length > 0);
  assert.deepEqual(
    idsOf(one).filter((id) => idsOf(other).includes(id)),
    [],
  );
  for (const [, used] of one.matchAll(/url\(#([^)]+)\)/g)) assert.ok(idsOf(one).includes(used as string), used);
});

test('markup in a name is text', () => {
  const title = '<script>alert(1)</script>&"';
  const options = first.configuration.options as { readonly plugins: { readonly [plugin: string]: PlainObject } };
  const plugins = { ...options.plugins, title: { ...options.plugins['title'], text: title } };
  const hostile: Chart = { ...first, configuration: { ...first.configuration, options: { ...first.configuration.options, plugins } } };
  const svg = renderer.renderSvg(hostile);
  assert.ok(svg.includes('&lt;script&gt;'));
  assert.ok(!svg.includes('<script'));
});

test('a chart is plain data: JSON gives back the same chart', () => {
  for (const chart of charts) assert.deepEqual(JSON.parse(JSON.stringify(chart)), chart);
});

test('a font that is none stops the renderer with what to try', () => {
  assert.throws(() => new ChartRenderer(['@fontsource/dejavu-sans/package.json']), /is no font\. Try installing Gossipscope again/);
});

test('twenty peers and two thousand blocks stay small and quick', async (t) => {
  const slowness = await machineSlowness();
  const start = performance.now();
  const large = drawCharts(buildNetwork(20, 2_000));
  const drawn = performance.now() - start;
  for (const chart of large) {
    const points = chart.configuration.data.datasets.reduce((sum, d) => sum + d.data.length, 0);
    assert.ok(points <= 4_000, `${chart.name}: ${points} points`);
    assert.ok(JSON.stringify(chart).length < 400_000, chart.name);
  }
  await assertWithin(t, drawn, 2_500, slowness, 'To draw.');
  const rendering = performance.now();
  for (const chart of large) renderer.renderPng(chart);
  await assertWithin(t, performance.now() - rendering, 5_000, slowness, 'To render.');
});
