import { Chart } from 'chart.js/auto';
import type { PlainConfiguration } from '../../charts/chart.js';
import { bringToLife } from '../../charts/hooks.js';

interface FigureData {
  readonly summary: string;
  readonly width: number;
  readonly height: number;
  readonly configuration: PlainConfiguration;
}

function enliven(figure: HTMLElement, data: FigureData): void {
  const paper = figure.querySelector('.paper');
  if (paper === null) return;
  const canvas = document.createElement('canvas');
  canvas.width = data.width;
  canvas.height = data.height;
  canvas.setAttribute('aria-hidden', 'true');
  paper.append(canvas);
  // A drawing that can't be brought to life stays as it is: the reader loses nothing but the pointer's answers.
  try {
    new Chart(canvas, bringToLife(data.configuration));
    // chart.js fixes the size in pixels; the sheet's own width is to hold.
    canvas.style.removeProperty('width');
    canvas.style.removeProperty('height');
    figure.classList.add('live');
  } catch (error) {
    canvas.remove();
    console.error('chart left as a drawing', error);
  }
}

/** Makes each chart's drawing a live chart when it comes into view. */
export function bringFiguresToLife(): void {
  const json = document.getElementById('charts')?.textContent ?? '[]';
  const data = JSON.parse(json) as readonly FigureData[];
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting || !(entry.target instanceof HTMLElement)) continue;
        observer.unobserve(entry.target);
        const figureData = data[Number(entry.target.dataset['chart'])];
        if (figureData !== undefined) enliven(entry.target, figureData);
      }
    },
    { rootMargin: '400px' },
  );
  for (const figure of document.querySelectorAll<HTMLElement>('figure[data-chart]')) observer.observe(figure);
}
