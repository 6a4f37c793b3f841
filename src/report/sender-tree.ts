import type { BlockPicture, Lane, Way } from './block-picture.js';
import { confidenceWord, isDoubtful, KIND_WORDS } from './block-words.js';
import { durationText } from './format.js';
import { type Html, html, join } from './html.js';
import type { LinkEvidence } from './space-time.js';

interface Branch {
  readonly lane: number;
  readonly way: Way | null;
  readonly children: readonly Branch[];
}

interface Trees {
  readonly roots: readonly Branch[];
  /** Peers that had the block, and neither who gave it to them nor that they gave it on is known. */
  readonly strays: readonly number[];
}

/** Who gave the block to whom: each node under the one whose copy it used. Senders told in a circle, which no block can have gone, are opened at its first. */
function treesOf({ lanes, ways }: BlockPicture): Trees {
  const used = ways.filter((w) => w.isUsed);
  const placed = new Set<number>();
  const grow = (lane: number, way: Way | null): Branch => {
    placed.add(lane);
    const next = used.filter((w) => w.from === lane && !placed.has(w.to)).sort((a, b) => a.last - b.last || a.to - b.to);
    for (const w of next) placed.add(w.to);
    return { lane, way, children: next.map((w) => grow(w.to, w)) };
  };
  const receivers = new Set(used.map((w) => w.to));
  const roots = lanes.flatMap((_, lane) => (receivers.has(lane) || !used.some((w) => w.from === lane) ? [] : [grow(lane, null)]));
  const circles = [...used].sort((a, b) => a.last - b.last).flatMap((w) => (placed.has(w.to) ? [] : [grow(w.to, null)]));
  const strays = lanes.flatMap((lane, index) => (placed.has(index) || lane.role === 'orderer' ? [] : [index]));
  return { roots: [...roots, ...circles], strays };
}

function confidenceHtml(way: Way): Html {
  const title = `confidence ${way.confidence.toFixed(2)}, ${way.basis}`;
  return html`<span${isDoubtful(way) ? html` class="doubt"` : html``} title="${title}">${confidenceWord(way)}</span>`;
}

const nameHtml = (lane: Lane): Html =>
  html`<span class="n">${lane.name}</span>${lane.role === 'leader' && lane.group !== null ? html` <span class="s">leader of ${lane.group}</span>` : html``}`;

/** When and how a copy came: the hop from its sender's own last byte, where the sender is no orderer and so has one. */
function hopHtml(way: Way, before: number | null, link: LinkEvidence): Html {
  const at = `at ${durationText(way.last)}`;
  const how = html`${KIND_WORDS[way.kind]}, ${confidenceHtml(way)}`;
  if (before === null) return html` ${link(html`<b>${at}</b>`, way)}<span class="s">, ${how}</span>`;
  const hop = way.last - before;
  return html` ${link(html`<b>${hop < 0 ? '' : '+'}${durationText(hop)}</b>`, way)} <span class="s">${at}, ${how}</span>`;
}

function branchHtml(lanes: readonly Lane[], branch: Branch, before: number | null, link: LinkEvidence): Html {
  const { way, children } = branch;
  const lane = lanes[branch.lane] as Lane;
  const told = way === null ? html`` : hopHtml(way, before, link);
  const inner =
    children.length === 0
      ? html``
      : html`<ul class="branch">${children.map((child) => branchHtml(lanes, child, way === null ? lane.arrived : way.last, link))}</ul>`;
  return html`<li>${nameHtml(lane)}${told}${inner}</li>`;
}

/** Who gave the block to whom as nested lists, each hop with its time and its confidence; then the peers whose sender is not known. */
export function renderSenderTree(picture: BlockPicture, link: LinkEvidence): Html {
  const { roots, strays } = treesOf(picture);
  const tree = roots.length === 0 ? html`` : html`<ul class="tree">${roots.map((root) => branchHtml(picture.lanes, root, null, link))}</ul>`;
  const names = strays.map((index) => {
    const lane = picture.lanes[index] as Lane;
    return html`<span class="n">${lane.name}</span>${lane.arrived === null ? html`` : html` (arrived at ${durationText(lane.arrived)})`}`;
  });
  return strays.length === 0 ? tree : html`${tree}<p><span class="u">Sender not known from the wire:</span> ${join(names, ', ')}.</p>`;
}
