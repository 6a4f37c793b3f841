import { cited } from '../evidence-notes.js';
import { clockOf, nodeName, nodeNames } from '../format.js';
import { html } from '../html.js';
import { table } from '../tables.js';
import { howToRecord, orUnknown, unknownNote } from '../unknown.js';
import type { Section } from './section.js';

/** Raft's terms, where the orderers' logs tell them. */
export const orderingSection: Section = {
  id: 'ordering',
  title: 'Ordering',
  render: (analysis, charts) => {
    const clock = clockOf(analysis);
    const { raft } = analysis.ordering;
    if (raft.length === 0) {
      return html`${charts}${unknownNote('Raft terms of the ordering service', 'No line of Raft was read: the service may be solo, Kafka or BFT, or the orderers’ logs are missing.', howToRecord.ordererLogs)}`;
    }
    return html`${charts}${table({
      caption: 'Raft leaders by channel and term',
      noun: 'terms',
      columns: [
        { title: 'Channel' },
        { title: 'Term', numeric: true },
        { title: 'Leader' },
        { title: 'Raft ID', numeric: true },
        { title: 'From' },
        { title: 'To' },
        { title: 'Seen by' },
      ],
      rows: raft.map((r) => [
        r.channel,
        orUnknown(r.term, (term) => term),
        orUnknown(r.leader, nodeName),
        r.raftId,
        cited(clock(r.from), r.evidence),
        r.to === null ? 'end of recording' : cited(clock(r.to), r.evidence),
        nodeNames(r.observers),
      ]),
    })}`;
  },
};
