import { Chart, type Plugin } from 'chart.js/auto';
import { bringToLife } from '../../../charts/hooks.js';
import type { LiveChart } from '../../live/messages.js';

interface Drawn {
  readonly canvas: HTMLCanvasElement;
  readonly chart: Chart;
}

/** The charts of the page: drawn where they are in sight, and brought up to date in place. */
export class LiveFigures {
  readonly #wanted = new Map<string, LiveChart>();
  readonly #drawn = new Map<string, Drawn>();
  /** Wanted otherwise than drawn. */
  readonly #stale = new Set<string>();
  readonly #inSight = new Set<Element>();
  readonly #observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#inSight.add(target);
        else this.#inSight.delete(target);
        if (isIntersecting) this.#bring(target);
      }
    },
    { rootMargin: '300px' },
  );
  readonly #observed = new Set<Element>();

  /** Takes new configurations; they are drawn by the next {@link settle}. */
  take(charts: readonly LiveChart[]): void {
    for (const chart of charts) {
      this.#wanted.set(chart.name, chart);
      this.#stale.add(chart.name);
    }
  }

  /** Draws what is in sight and has changed, and lets go of figures that are gone from the page. */
  settle(): void {
    for (const figure of this.#observed) {
      if (figure.isConnected) continue;
      this.#observer.unobserve(figure);
      this.#observed.delete(figure);
      this.#inSight.delete(figure);
      const name = nameOf(figure);
      const drawn = this.#drawn.get(name);
      if (drawn !== undefined && !drawn.canvas.isConnected) {
        drawn.chart.destroy();
        this.#drawn.delete(name);
        this.#stale.add(name);
      }
    }
    for (const figure of document.querySelectorAll('figure[data-live-chart]')) {
      if (this.#observed.has(figure)) continue;
      this.#observed.add(figure);
      this.#observer.observe(figure);
    }
    for (const figure of this.#inSight) this.#bring(figure);
  }

  #bring(figure: Element): void {
    const name = nameOf(figure);
    const wanted = this.#wanted.get(name);
    const paper = figure.querySelector('.paper');
    if (wanted === undefined || paper === null || !this.#stale.has(name)) return;
    this.#stale.delete(name);
    const drawn = this.#drawn.get(name);
    try {
      if (drawn === undefined || !drawn.canvas.isConnected) this.#draw(name, paper, wanted);
      else redraw(drawn, wanted);
    } catch (error) {
      console.error(`the chart ${name} could not be drawn`, error);
    }
  }

  #draw(name: string, paper: Element, wanted: LiveChart): void {
    this.#drawn.get(name)?.chart.destroy();
    const canvas = document.createElement('canvas');
    canvas.width = wanted.width;
    canvas.height = wanted.height;
    canvas.setAttribute('aria-hidden', 'true');
    paper.replaceChildren(canvas);
    const chart = new Chart(canvas, bringToLife(wanted.configuration));
    letSheetSize(canvas);
    this.#drawn.set(name, { canvas, chart });
  }
}

const nameOf = (figure: Element): string => figure.getAttribute('data-live-chart') ?? '';

// chart.js fixes the size in pixels; the sheet's own width is to hold.
function letSheetSize(canvas: HTMLCanvasElement): void {
  canvas.style.removeProperty('width');
  canvas.style.removeProperty('height');
}

/** Gives a drawn chart its new data and options; datasets that the reader has hidden stay hidden. */
function redraw({ canvas, chart }: Drawn, wanted: LiveChart): void {
  const hidden = new Set(chart.data.datasets.filter((_, i) => !chart.isDatasetVisible(i)).map((d) => d.label));
  const next = bringToLife(wanted.configuration);
  chart.data.labels = next.data.labels ?? [];
  chart.data.datasets = next.data.datasets.map((d) => (hidden.has(d.label) ? { ...d, hidden: true } : d));
  chart.options = next.options ?? {};
  const plugins = (chart.config as { plugins?: Plugin[] }).plugins;
  plugins?.splice(0, plugins.length, ...((next.plugins ?? []) as Plugin[]));
  if (chart.width !== wanted.width || chart.height !== wanted.height) chart.resize(wanted.width, wanted.height);
  chart.update('none');
  letSheetSize(canvas);
}
