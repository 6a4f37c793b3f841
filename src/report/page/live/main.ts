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
  waiting: 'waiting for a network',
  starting: 'waiting for the first line or packet',
  recording: 'recording',
  ended: 'the recording has ended',
};

const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
const clockOf = (at: string): string => at.slice(11, 19);

let status: LiveStatus | null = null;
let isConnected = false;

/** The class of the state's mark and the words for it. An ended recording stays what it is, whether its server still answers or not. */
function stateShown(lost: boolean): readonly [string, string] {
  if (lost) return status === null ? ['waiting', 'connecting'] : ['lost', 'disconnected, trying again'];
  if (status === null) return ['waiting', 'connected'];
  return [status.state === 'starting' ? 'waiting' : status.state, STATE_WORDS[status.state]];
}

function packetsText({ packets, packetsPerSecond, packetsDropped }: LiveStatus): string {
  if (packets === null) return 'no packets';
  const rate = packetsPerSecond === null ? '' : `, ${thousands(packetsPerSecond)} per second`;
  return `${thousands(packets)} packets${rate}${packetsDropped === null ? '' : `, ${thousands(packetsDropped)} dropped`}`;
}

function factsText(told: LiveStatus): string {
  const { recording, from, to, lines, report } = told;
  return [
    ...(recording === '' ? [] : [recording]),
    ...(from === null || to === null ? [] : [`${from.slice(0, 10)} ${clockOf(from)} to ${clockOf(to)}`]),
    ...(told.state === 'waiting' ? [] : [`${thousands(lines)} log lines`, packetsText(told)]),
    ...(report === null ? [] : [`report: ${report}`]),
  ].join(' · ');
}

function showTroubles(told: readonly string[]): void {
  const troubles = byId('troubles');
  troubles.hidden = told.length === 0;
  const known = [...troubles.children].map((c) => c.textContent);
  if (known.length === told.length && known.every((text, i) => text === told[i])) return;
  troubles.replaceChildren(
    ...told.map((text) => {
      const item = document.createElement('li');
      item.textContent = text;
      return item;
    }),
  );
}

function showStatus(): void {
  const state = byId('state');
  const lost = !isConnected && status?.state !== 'ended';
  const [mark, words] = stateShown(lost);
  state.className = `state ${mark}`;
  state.textContent = words;
  const isWaiting = status?.state === 'waiting';
  byId('waiting').hidden = !isWaiting;
  document.documentElement.classList.toggle('is-waiting', isWaiting);
  document.documentElement.classList.toggle('is-lost', lost && status !== null);
  if (status === null) return;
  byId('facts').textContent = factsText(status);
  showTroubles(status.troubles);
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
    if (update.status !== undefined && status !== null) status = { ...status, ...update.status };
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
