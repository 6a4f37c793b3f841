import * as chartJs from 'chart.js/auto';
import { installUtcAdapter } from '../../../charts/hooks.js';
import type { LiveSection, LiveStatus } from '../../live/messages.js';
import { openNotesInPlace } from '../notes.js';
import { LiveFeed } from './feed.js';
import { LiveFigures } from './figures.js';
import { morphChildren } from './morph.js';
import { LiveStream } from './stream.js';
import { keepTablesSorted, restoreRowOrder } from './tables.js';

const byId = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;

const STATE_WORDS: Readonly<Record<LiveStatus['state'], string>> = {
  starting: 'waiting for the first line or packet',
  recording: 'recording',
  ended: 'the recording has ended',
};

const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
const clockOf = (at: string): string => at.slice(11, 19);

let status: LiveStatus | null = null;
let isConnected = false;

function showStatus(): void {
  const state = byId('state');
  // An ended recording stays what it is, whether its server still answers or not.
  const lost = !isConnected && status?.state !== 'ended';
  state.className = `state ${lost ? (status === null ? 'waiting' : 'lost') : status === null || status.state === 'starting' ? 'waiting' : status.state}`;
  state.textContent = lost
    ? status === null
      ? 'connecting'
      : 'disconnected, trying again'
    : status === null
      ? 'connected'
      : STATE_WORDS[status.state];
  document.documentElement.classList.toggle('is-lost', lost && status !== null);
  if (status === null) return;
  const { from, to, packets, packetsPerSecond, packetsDropped, report } = status;
  const facts = [
    ...(status.recording === '' ? [] : [status.recording]),
    ...(from === null || to === null ? [] : [`${from.slice(0, 10)} ${clockOf(from)} to ${clockOf(to)}`]),
    `${thousands(status.lines)} log lines`,
    packets === null
      ? 'no packets'
      : `${thousands(packets)} packets${packetsPerSecond === null ? '' : `, ${thousands(packetsPerSecond)} per second`}${packetsDropped === null ? '' : `, ${thousands(packetsDropped)} dropped`}`,
    ...(report === null ? [] : [`report: ${report}`]),
  ];
  byId('facts').textContent = facts.join(' · ');
  const troubles = byId('troubles');
  troubles.hidden = status.troubles.length === 0;
  const known = [...troubles.children].map((c) => c.textContent);
  if (known.length === status.troubles.length && known.every((text, i) => text === status?.troubles[i])) return;
  troubles.replaceChildren(
    ...status.troubles.map((text) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }),
  );
}

function showSections(sections: readonly LiveSection[]): void {
  for (const section of sections) {
    const place = document.querySelector(`[data-section="${section.id}"]`);
    if (place === null) continue;
    const template = document.createElement('template');
    template.innerHTML = `<div>${section.html}</div>`;
    restoreRowOrder(place);
    morphChildren(place, template.content.firstElementChild as Element);
    keepTablesSorted(place);
  }
}

installUtcAdapter(chartJs);
const figures = new LiveFigures();
const feed = new LiveFeed(byId('feed'), byId('feed-filter') as HTMLInputElement, byId('feed-count'));

openNotesInPlace(async (href) => {
  const number = /^#e(\d+)$/.exec(href)?.[1];
  if (number === undefined) return null;
  const response = await fetch(`note/${number}`);
  if (!response.ok) return null;
  const template = document.createElement('template');
  template.innerHTML = await response.text();
  return template.content.querySelector('li');
});

new LiveStream({
  state(state) {
    status = state.status;
    showSections(state.sections);
    figures.take(state.charts);
    figures.settle();
    feed.reset(state.entries);
    showStatus();
  },
  update(update) {
    if (update.status !== undefined) status = update.status;
    if (update.entries !== undefined) feed.add(update.entries);
    if (update.sections !== undefined) showSections(update.sections);
    if (update.charts !== undefined) figures.take(update.charts);
    figures.settle();
    showStatus();
  },
  connected(is) {
    isConnected = is;
    showStatus();
  },
});
