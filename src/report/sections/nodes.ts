import type { Analysis, Node, Span } from '../../analysis/contract.js';
import { cited, mergeEvidence } from '../evidence-notes.js';
import { clockOf, nodeName } from '../format.js';
import { type Html, html, join } from '../html.js';
import { table } from '../tables.js';
import { howToRecord, orUnknown, unknown, unknownNote } from '../unknown.js';
import type { Section } from './section.js';

const NAME_BASES: Readonly<Record<Node['nameBasis'], string>> = {
  inspect: 'docker inspect',
  log: 'its own log',
  certificate: 'certificate',
  address: 'address only',
  'file-name': 'file name only',
};

const ELECTIONS: Readonly<Record<Node['leaderElection'], string>> = {
  dynamic: 'election',
  'static-leader': 'static leader',
  'static-follower': 'static follower',
  unknown: 'unknown',
};

const STOP_BASES = { log: 'log', docker: 'Docker', packets: 'packets', 'last-line': 'its last line' } as const;

const PURPOSES: Readonly<Record<NonNullable<Node['purpose']>, string>> = {
  chaincode: 'chaincode container',
  'command-line': 'command-line container',
  'certificate-authority': 'certificate authority',
  database: 'database',
  broker: 'broker',
  build: 'build container',
  tool: 'tool container',
};

const kindText = (node: Node): string => (node.purpose === undefined ? node.kind : PURPOSES[node.purpose]);
/** A container beside the peers and orderers: it has no endpoint and no version of its own, so that there is nothing unknown. */
const isPartOf = (node: Node): boolean => node.kind === 'client' && node.purpose !== undefined;

const KIND_ORDER: readonly Node['kind'][] = ['peer', 'orderer', 'client'];
const byKind = (a: Node, b: Node): number => KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind);

function whoTable(analysis: Analysis): Html {
  return table({
    caption: 'Who is who',
    noun: 'nodes',
    columns: [
      { title: 'Node' },
      { title: 'Kind' },
      { title: 'Organization' },
      { title: 'Fabric' },
      { title: 'Endpoint' },
      { title: 'Addresses' },
      { title: 'PKI-ID' },
      { title: 'Named by' },
    ],
    rows: analysis.nodes.toSorted(byKind).map((n) => {
      const evidence = mergeEvidence(n.starts.map((s) => s.evidence));
      return [
        nodeName(n.name),
        kindText(n),
        n.mspId === null && isPartOf(n) ? '–' : orUnknown(n.mspId, (id) => id),
        n.fabricVersion === null && isPartOf(n) ? '–' : orUnknown(n.fabricVersion, (v) => cited(v, evidence)),
        n.endpoint === null && isPartOf(n) ? '–' : orUnknown(n.endpoint, (e) => e),
        n.addresses.length === 0 ? unknown : n.addresses.join(', '),
        n.pkiId === null
          ? n.kind === 'peer'
            ? unknown
            : '–'
          : html`<code title="${n.pkiId}">${n.pkiId.slice(0, 12)}${n.pkiId.length > 12 ? '…' : ''}</code>`,
        NAME_BASES[n.nameBasis],
      ];
    }),
  });
}

const untilText = (span: Span, clock: (at: string) => Html): Html => (span.to === null ? html`to the end` : html`until ${clock(span.to)}`);

function livesTable(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const rows = analysis.nodes.flatMap((n) =>
    [
      ...n.starts.map((s) => ({
        at: s.at,
        cells: [
          html`started`,
          s.fabricVersion === null && isPartOf(n) ? html`–` : html`${orUnknown(s.fabricVersion, (v) => `Fabric ${v}`)}`,
          n.kind === 'peer' ? html`${ELECTIONS[s.leaderElection]}` : html`–`,
          n.kind !== 'peer' ? html`–` : s.bootstrap === null ? unknown : s.bootstrap.length === 0 ? html`none` : html`${s.bootstrap.join(', ')}`,
        ],
        basis: s.basis === 'docker' ? 'Docker' : 'log',
        evidence: s.evidence,
      })),
      ...n.stops.map((s) => ({
        at: s.at,
        cells: [html`<b>stopped</b>${s.exitCode == null ? '' : ` (exit code ${s.exitCode})`}`, html`–`, html`–`, html`–`],
        basis: STOP_BASES[s.basis],
        evidence: s.evidence,
      })),
      ...(n.pauses ?? []).map((p) => ({
        at: p.from,
        cells: [html`<b>paused</b> ${untilText(p, clock)}`, html`–`, html`–`, html`–`],
        basis: 'Docker',
        evidence: p.evidence,
      })),
      ...(n.disconnections ?? []).map((d) => ({
        at: d.from,
        cells: [html`<b>disconnected</b> from network ${d.network} ${untilText(d, clock)}`, html`–`, html`–`, html`–`],
        basis: 'Docker',
        evidence: d.evidence,
      })),
    ].map((r) => ({ ...r, node: n.name })),
  );
  if (rows.length === 0)
    return unknownNote(
      'when nodes started and stopped',
      'No banner of a start and no word of a stop was read.',
      html`${howToRecord.logs}, from the start on`,
    );
  return table({
    caption: 'Starts and stops',
    noun: 'starts and stops',
    columns: [
      { title: 'Node' },
      { title: 'At' },
      { title: 'What' },
      { title: 'Version' },
      { title: 'Leaders by' },
      { title: 'Bootstrap peers' },
      { title: 'Known from' },
    ],
    rows: [...rows]
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
      .map((r) => [nodeName(r.node), cited(clock(r.at), r.evidence), ...r.cells, r.basis]),
  });
}

function settingsTable(analysis: Analysis): Html {
  const bySettings = new Map<string, { readonly peers: string[]; readonly timers: Node['timers'] }>();
  // What a client's environment sets is in force for none of the peers.
  for (const node of analysis.nodes.filter((n) => n.kind !== 'client' && Object.keys(n.timers).length > 0)) {
    const key = JSON.stringify(Object.entries(node.timers).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = bySettings.get(key);
    if (known === undefined) bySettings.set(key, { peers: [node.name], timers: node.timers });
    else known.peers.push(node.name);
  }
  if (bySettings.size === 0) {
    return unknownNote(
      'the timers and settings of the peers',
      'Peers print their settings at start from 2.2.11 and 2.5.0 on only, and no container’s environment sets one.',
      howToRecord.inspect,
    );
  }
  const rows = [...bySettings.values()].flatMap(({ peers, timers }) =>
    Object.entries(timers)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([setting, value]) => [html`<code>${setting}</code>`, html`<code>${value}</code>`, html`${join(peers.map(nodeName), ', ')}`]),
  );
  return table({
    caption: 'Settings that decide what is normal',
    noun: 'settings',
    foldRows: 13,
    columns: [{ title: 'Setting' }, { title: 'Value' }, { title: 'At' }],
    rows,
  });
}

/** Every node: its names and versions, its lives, its settings. */
export const nodesSection: Section = {
  id: 'nodes',
  title: 'Nodes',
  render: (analysis) =>
    analysis.nodes.length === 0
      ? unknownNote('which nodes there are', 'Nothing that was read names a peer or an orderer.', html`${howToRecord.logs}; ${howToRecord.inspect}`)
      : html`${whoTable(analysis)}${livesTable(analysis)}${settingsTable(analysis)}`,
};
