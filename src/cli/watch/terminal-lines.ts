import { countOf, durationOf, microsOf } from '../../analysis/phrases.js';
import { spellUnseen } from '../../report/html.js';
import { WAITING_WORDS } from '../../report/live/messages.js';
import type { LeaderNow } from '../../report/live/now.js';
import type { Glance } from './live-show.js';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A piece of a line; the style is dropped where colours are not wanted. */
interface Piece {
  readonly text: string;
  readonly style?: 'bold' | 'faint' | 'good' | 'bad' | 'warn';
}

type Line = readonly Piece[];

const CODES: Readonly<Record<NonNullable<Piece['style']>, string>> = { bold: '1', faint: '2', good: '32', bad: '31', warn: '33' };
const MIN_EVENT_LINES = 4;
const MAX_NAME_LENGTH = 40;

const plain = (text: string): Piece => ({ text });
const faint = (text: string): Piece => ({ text, style: 'faint' });

/** `text` on one line without anything a terminal would obey. */
const tame = (text: string): string => spellUnseen(text).replaceAll(/[\n\t]/g, ' ');

const pad = (text: string, width: number): string => (text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text.padEnd(width));

function statusLines({ status }: Glance, address: string): readonly Line[] {
  const state: Piece =
    status.state === 'recording'
      ? { text: '● recording', style: 'good' }
      : status.state === 'ended'
        ? { text: '■ ended', style: 'bold' }
        : { text: '● waiting', style: 'warn' };
  const span =
    status.from === null || status.to === null
      ? ''
      : `  ${status.from.slice(11, 19)} to ${status.to.slice(11, 19)} UTC (${durationOf(microsOf(status.to) - microsOf(status.from))})`;
  const packets =
    status.packets === null
      ? 'no packets'
      : `${countOf(status.packets, 'packet')}${status.packetsPerSecond === null ? '' : `, ${status.packetsPerSecond}/s`}`;
  const dropped: readonly Piece[] =
    status.packetsDropped === null
      ? []
      : [plain(', '), { text: `${status.packetsDropped} dropped`, ...(status.packetsDropped > 0 ? { style: 'bad' as const } : {}) }];
  return [
    [state, plain(`  ${tame(status.recording)}`), faint(span)],
    [plain(`${countOf(status.lines, 'log line')}, ${packets}`), ...dropped],
    [faint('page: '), { text: address, style: 'bold' }],
    ...(status.state === 'waiting' ? [[{ text: WAITING_WORDS, style: 'bold' } satisfies Piece]] : []),
    ...status.troubles.slice(-3).map((t): Line => [{ text: tame(t), style: 'warn' }]),
  ];
}

function leaderPieces(l: LeaderNow): Line {
  const name = tame(l.organization ?? `organization of ${l.peers[0] ?? 'unknown peers'}`);
  const who: Piece =
    l.how === 'none'
      ? { text: 'nobody', style: 'bad' }
      : l.how === 'unknown'
        ? faint('unknown')
        : { text: tame(l.leaders.join(' and ')), style: l.leaders.length > 1 && l.how === 'elected' ? 'bad' : 'bold' };
  return [
    faint('  leader of '),
    plain(`${name}: `),
    who,
    faint(l.how === 'set' ? ' (by configuration)' : l.since === null ? '' : ` since ${l.since.slice(11, 19)}`),
  ];
}

function channelLines(glance: Glance, maxPeers: number): readonly Line[] {
  return glance.present.flatMap((c): readonly Line[] => {
    const width = Math.min(MAX_NAME_LENGTH, Math.max(4, ...c.peers.map((p) => tame(p.peer).length)));
    const peers = c.peers.slice(0, maxPeers);
    return [
      [],
      [
        { text: tame(c.name ?? 'channel of unknown name'), style: 'bold' },
        faint(`  ${countOf(c.peers.length, 'peer')}${c.highest === null ? '' : `, height ${c.highest}`}`),
      ],
      ...c.leaders.map(leaderPieces),
      ...peers.map((p): Line => {
        const behind = p.height === null || c.highest === null ? 0 : c.highest - p.height;
        const height: Piece = {
          text: (p.height === null ? '?' : String(p.height)).padStart(8),
          ...(behind > 0 && p.isUp ? { style: 'warn' as const } : {}),
        };
        const sees: Piece =
          p.sees === null
            ? faint('  sees ?')
            : { text: `  sees ${p.sees} of ${p.others}`, ...(p.isUp && p.sees < p.others ? { style: 'bad' as const } : {}) };
        return [plain(`  ${pad(tame(p.peer), width)} `), p.isUp ? { text: 'up  ', style: 'good' } : { text: 'down', style: 'bad' }, height, sees];
      }),
      ...(c.peers.length > peers.length ? [[faint(`  and ${countOf(c.peers.length - peers.length, 'more peer')} on the page`)]] : []),
    ];
  });
}

function eventLines(glance: Glance, count: number): readonly Line[] {
  return glance.entries.slice(-count).map((e): Line => {
    const isBad = e.topic === 'fault' || e.topic === 'stop';
    return [
      faint(`${e.at.slice(11, 23)} `),
      { text: tame(`${e.node === null ? '' : `${e.node} `}${e.words}`), ...(isBad ? { style: 'bad' as const } : {}) },
    ];
  });
}

/** The line cut to `columns` characters, with its colours or without. */
function writeLine(line: Line, columns: number, colours: boolean): string {
  let room = columns;
  let out = '';
  for (const { text, style } of line) {
    const shown = text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
    if (room <= 0 || shown === '') continue;
    room -= shown.length;
    out += style === undefined || !colours ? shown : `\x1b[${CODES[style]}m${shown}\x1b[0m`;
  }
  return out;
}

/** The terminal's view: never more lines than `rows`, none longer than `columns`; the newest events get what room the rest leaves. */
export function drawTerminal(glance: Glance, address: string, size: TerminalSize, colours: boolean): readonly string[] {
  const { columns, rows } = size;
  const head = statusLines(glance, address);
  const foot: Line = [faint('Ctrl-C ends the recording and writes its report')];
  const room = Math.max(0, rows - head.length - 1);
  const fixed = glance.present.reduce((sum, c) => sum + 2 + c.leaders.length, 0);
  const forPeers = Math.max(1, Math.floor((room - MIN_EVENT_LINES - 1 - fixed) / Math.max(1, glance.present.length)) - 1);
  const channels = channelLines(glance, forPeers).slice(0, Math.max(0, room - MIN_EVENT_LINES - 1));
  const events = eventLines(glance, Math.max(0, room - channels.length - 1));
  const lines = [...head, ...channels, ...(events.length === 0 ? [] : [[], ...events])].slice(0, Math.max(0, rows - 1));
  return [...lines, foot].slice(0, rows).map((line) => writeLine(line, columns, colours));
}
