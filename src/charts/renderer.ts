import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { ChartJSNodeCanvas } from 'chartjs-node-canvas';
import type { Chart } from './chart.js';
import { FONT_FAMILY } from './frame.js';
import { type AdapterHolder, bringToLife, installUtcAdapter } from './hooks.js';

const FONT_ALIAS = 'Gossipscope Sans';
const FONT_FILES = [
  '@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2',
  '@fontsource/dejavu-sans/files/dejavu-sans-latin-700-normal.woff2',
];
const REMEDY = 'Try installing Gossipscope again, or any font (Debian: apt-get install fonts-dejavu-core).';
const BACKGROUND = '#FFFFFF';

/** Draws charts as PNG and SVG through chartjs-node-canvas with a bundled font. Keep one: it holds one drawing surface for each size. */
export class ChartRenderer {
  // A ChartJSNodeCanvas loads its own chart.js and never frees it (about 1.7 MB each), so there is one for each size and kind.
  readonly #surfaces = new Map<string, ChartJSNodeCanvas>();

  /** @throws Error when no text can be drawn, with what to try: Skia otherwise leaves out all text without a word. */
  constructor(fontFiles: readonly string[] = FONT_FILES) {
    const require = createRequire(import.meta.url);
    for (const file of fontFiles) {
      if (GlobalFonts.registerFromPath(require.resolve(file), FONT_ALIAS) === null)
        throw new Error(`Charts cannot be drawn: ${file} is no font. ${REMEDY}`);
    }
    const context = createCanvas(1, 1).getContext('2d');
    context.font = `12px ${FONT_FAMILY}`;
    if (context.measureText('0').width === 0) {
      throw new Error(`Charts cannot be drawn: text has no width, because neither the bundled font nor one of this machine could be used. ${REMEDY}`);
    }
  }

  /** The chart as a PNG file of its own width and height, on white. */
  renderPng(chart: Chart): Uint8Array {
    return this.#surfaceOf(chart, 'png').renderToBufferSync(bringToLife(chart.configuration), 'image/png');
  }

  /** The chart as an SVG document on white, its text as text in the bundled font or else the viewer's sans-serif. */
  renderSvg(chart: Chart): string {
    const svg = this.#surfaceOf(chart, 'svg').renderToBufferSync(bringToLife(chart.configuration), 'image/svg+xml');
    return tidy(Buffer.from(svg).toString('utf8'), chart);
  }

  #surfaceOf(chart: Chart, kind: 'png' | 'svg'): ChartJSNodeCanvas {
    const key = `${kind} ${chart.width}x${chart.height}`;
    const known = this.#surfaces.get(key);
    if (known !== undefined) return known;
    const surface = new ChartJSNodeCanvas({
      width: chart.width,
      height: chart.height,
      backgroundColour: BACKGROUND,
      ...(kind === 'svg' ? { type: 'svg' as const } : {}),
      chartCallback: (chartJs) => installUtcAdapter(chartJs as unknown as AdapterHolder),
    });
    this.#surfaces.set(key, surface);
    return surface;
  }
}

/**
 * Skia's SVG made fit for a page: scalable, ids that several charts in one page don't share and that don't depend on what was drawn
 * before, tenths of a pixel, and a fallback for those who lack the font.
 */
function tidy(svg: string, chart: Chart): string {
  const ids = new Map<string, string>();
  const renamed = (id: string): string => {
    const name = ids.get(id) ?? `${chart.name}-${ids.size + 1}`;
    ids.set(id, name);
    return name;
  };
  return svg
    .slice(svg.indexOf('<svg'))
    .replace('<svg ', `<svg viewBox="0 0 ${chart.width} ${chart.height}" `)
    .replaceAll(/<[a-z][^>]*>/gi, (tag) =>
      tag
        .replaceAll(/(\.\d)\d+/g, '$1')
        .replace(/(?<=\bid="|url\(#)[^")]+/, renamed)
        .replace(/(font-family="[^"]*)"/, '$1, Verdana, sans-serif"'),
    );
}
