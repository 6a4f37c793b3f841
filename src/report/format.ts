import type { Analysis, Channel, Organization, Timestamp } from '../analysis/contract.js';
import { type Html, html, join } from './html.js';

const STAMP = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/;
const NBSP = '\u00a0';

/** Microseconds since the epoch, or null when `at` is null or no time of the contract's shape. */
export function microsOf(at: Timestamp | null): number | null {
  const match = at === null ? null : STAMP.exec(at);
  if (match === null) return null;
  const millis = Date.parse(`${match[1]}T${match[2]}Z`);
  return Number.isNaN(millis) ? null : millis * 1000 + Number((match[3] ?? '').padEnd(6, '0'));
}

/** `to` minus `from` in microseconds, or null when either is unknown. */
export function microsBetween(from: Timestamp | null, to: Timestamp | null): number | null {
  const start = microsOf(from);
  const end = microsOf(to);
  return start === null || end === null ? null : end - start;
}

/** Writes times of one document: `10:33:28.485`, with its date only when that is not the document's first day. */
export type Clock<Written> = (at: Timestamp) => Written;

/** The clock of `analysis` as text: its first day is the date the header states. */
export function textClockOf(analysis: Analysis): Clock<string> {
  const day = analysis.window.from?.slice(0, 10) ?? null;
  return (at) => {
    const match = STAMP.exec(at);
    if (match === null) return at;
    const time = `${match[2]}.${(match[3] ?? '').padEnd(3, '0').slice(0, 3)}`;
    return match[1] === day ? time : `${match[1]} ${time}`;
  };
}

/** The clock of `analysis` as markup that carries the exact time. */
export function clockOf(analysis: Analysis): Clock<Html> {
  const text = textClockOf(analysis);
  return (at) => html`<time datetime="${at}">${text(at)}</time>`;
}

/** The days the recording covers: `2026-11-22`, or `2026-11-22 to 2026-11-23`; null when nothing is dated. */
export function daysOf(analysis: Analysis): string | null {
  const { from, to } = analysis.window;
  if (from === null) return null;
  const first = from.slice(0, 10);
  const last = (to ?? from).slice(0, 10);
  return first === last ? first : `${first} to ${last}`;
}

function plain(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.0+$/, '');
}

/** A length of time as people read it: `850 µs`, `1.2 ms`, `12 ms`, `1.4 s`, `2 min 5 s`, `1 h 2 min`. */
export function durationText(micros: number): string {
  if (micros < 0) return `\u2212${durationText(-micros)}`;
  if (micros === 0) return `0${NBSP}ms`;
  if (micros < 1_000) return `${Math.round(micros)}${NBSP}µs`;
  if (micros < 9_950) return `${plain(micros / 1_000, 1)}${NBSP}ms`;
  if (micros < 999_500) return `${Math.round(micros / 1_000)}${NBSP}ms`;
  if (micros < 59_950_000) return `${plain(micros / 1_000_000, micros < 9_995_000 ? 2 : 1)}${NBSP}s`;
  const seconds = Math.round(micros / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}${NBSP}min${seconds % 60 === 0 ? '' : `${NBSP}${seconds % 60}${NBSP}s`}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}${NBSP}h${minutes % 60 === 0 ? '' : `${NBSP}${minutes % 60}${NBSP}min`}`;
}

/** Bytes in decimal units: `842 B`, `24.4 kB`, `1.2 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes}${NBSP}B`;
  const [value, unit] = bytes < 999_950 ? [bytes / 1e3, 'kB'] : bytes < 999_950_000 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toFixed(1)}${NBSP}${unit}`;
}

/** `1 234 567`, thousands apart. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** `1 block`, `12 blocks`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${countText(count)} ${count === 1 ? singular : plural}`;
}

export function nodeName(name: string): Html {
  return html`<span class="n">${name}</span>`;
}

/** A node's name over a narrow column: allowed to break after its dots. */
export function breakableName(name: string): Html {
  return html`<span class="n">${join(
    name.split('.').map((part, i, all) => (i < all.length - 1 ? `${part}.` : part)),
    html`<wbr>`,
  )}</span>`;
}

/** Node names in a row: `a, b and c`. */
export function nodeNames(names: readonly string[]): Html {
  const all = names.map(nodeName);
  if (all.length < 2) return html`${all}`;
  return html`${join(all.slice(0, -1), ', ')} and ${all.at(-1) as Html}`;
}

/** The name of an organization; when nothing tells its MSP ID, its peers stand for it. */
export function organizationName(organization: Organization): Html {
  if (organization.mspId !== null) return html`${organization.mspId}`;
  return html`the organization of ${nodeNames(organization.peers)} <span class="u">(MSP ID not in these sources)</span>`;
}

export function channelName(channel: Channel): Html {
  return channel.name === null ? html`<span class="u">channel of unknown name</span>` : html`${channel.name}`;
}
