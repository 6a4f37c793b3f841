import type { Chart } from '../charts/chart.js';
import { type Html, html, spellUnseen, trusted } from './html.js';

/** A chart as data and as the drawing that stands in for it. */
export interface Drawing {
  readonly chart: Chart;
  readonly svg: string;
}

const FORBIDDEN_TAG = /^<\/?(?:script|foreignobject|iframe|object|embed|image|a|set|animate\w*|handler|style)\b/i;
const FORBIDDEN_ATTRIBUTE = /[\s"'/](?:on\w+|style)\s*=|(?:href|src)\s*=\s*["']?(?!["']?#)|url\(\s*["']?(?!["']?#)/i;

/** The `<svg>` element of a drawing ready to stand in the page, or null when it holds anything that could run, load or be forbidden by the page's policy. */
export function inlineSvg(svg: string): string | null {
  const start = svg.indexOf('<svg');
  const end = svg.lastIndexOf('</svg>');
  if (start === -1 || end === -1) return null;
  const element = svg.slice(start, end + '</svg>'.length);
  const tags = element.match(/<[^>]*>/g) ?? [];
  if (tags.some((tag) => FORBIDDEN_TAG.test(tag) || FORBIDDEN_ATTRIBUTE.test(tag.replace(/\sxmlns(?::\w+)?="[^"]*"/g, '')))) return null;
  return spellUnseen(element.replace(/\sxmlns(?::\w+)?="[^"]*"/g, ''));
}

/** One chart as a figure: its drawing, which the page's script may bring to life, and its result in words. `index` finds its configuration. */
export function renderFigure(drawing: Drawing, index: number): Html {
  const { chart, svg } = drawing;
  const inline = inlineSvg(svg);
  const viewBox = `0 0 ${chart.width} ${chart.height}`;
  const picture =
    inline === null
      ? html`<img alt="${chart.summary}" width="${String(chart.width)}" height="${String(chart.height)}" src="${`data:image/svg+xml;base64,${Buffer.from(svg, 'utf8').toString('base64')}`}">`
      : trusted(withPrefixedIds(withViewBox(inline, viewBox), `f${index}-`));
  const label = inline === null ? html`` : html` role="img" aria-label="${chart.summary}"`;
  return html`<figure class="chart" data-chart="${String(index)}"><div class="paper"${label}>${picture}</div><figcaption>${chart.summary}</figcaption></figure>`;
}

function withViewBox(svg: string, viewBox: string): string {
  const head = /^<svg[^>]*>/.exec(svg)?.[0] ?? '<svg>';
  return head.includes('viewBox') ? svg : `${head.replace('<svg', `<svg viewBox="${viewBox}"`)}${svg.slice(head.length)}`;
}

// Several drawings share one page, so an id must not be found in a neighbour.
function withPrefixedIds(svg: string, prefix: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag
      .replace(/(\sid=")([^"]*)"/g, (_, head: string, id: string) => `${head}${prefix}${id}"`)
      .replace(/url\(#([^)]*)\)/g, (_, id: string) => `url(#${prefix}${id})`)
      .replace(/(href=")#([^"]*)"/g, (_, head: string, id: string) => `${head}#${prefix}${id}"`),
  );
}
