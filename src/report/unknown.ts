import type { Analysis, RecordingRecord } from '../analysis/contract.js';
import { type Hole, type Html, html } from './html.js';

/**
 * How to record what is missing. Levels and variables: Fabric docs/source/logging-control.rst (1.4 and later, `FABRIC_LOGGING_SPEC`),
 * sampleconfig/core.yaml section `logging` (1.0 to 1.3); membership views: gossip/service/metrics and
 * gossip/gossip/channel/channel.go since 1.4.0.
 */
export const howToRecord = {
  logs: html`save each peer's log with <code>docker logs NAME &gt; NAME.log 2&gt;&amp;1</code> (Fabric logs to standard error)`,
  gossipLogs: html`run the peers with <code>FABRIC_LOGGING_SPEC=info</code> (1.4 and later), or with <code>CORE_LOGGING_LEVEL=info</code> and
<code>CORE_LOGGING_GOSSIP=info</code> (1.0 to 1.3, where gossip falls silent after start by default; 1.0 prints elections at <code>debug</code> only)`,
  views: html`peers of Fabric 1.4 and later print their view at INFO (<code>FABRIC_LOGGING_SPEC=info</code>, logger <code>gossip.channel</code>); older ones print none`,
  commits: html`peers print it at INFO (loggers <code>gossip.privdata</code>, <code>committer.txvalidator</code>, <code>kvledger</code>): <code>FABRIC_LOGGING_SPEC=info</code>`,
  packets: html`capture the network's bridge on the Docker host from before the first container starts: <code>tcpdump -i BRIDGE -s 0 -w FILE.pcap</code>`,
  inspect: html`save <code>docker inspect NAME</code> of every container beside the logs`,
  transfers: html`run the peers with <code>FABRIC_LOGGING_SPEC=info:gossip=debug</code> and capture from before the first container starts`,
  ordererLogs: html`save the orderers' logs too: <code>docker logs ORDERER &gt; ORDERER.log 2&gt;&amp;1</code>`,
  ordererBlocks: html`Raft orderers print it at INFO from 1.4.1 on; others at <code>FABRIC_LOGGING_SPEC=info:orderer=debug</code> only`,
} as const;

/** What the recorder itself said it could not record of `what`: why, and how to get it next time; null where it said nothing of it. */
export function toldMissing(analysis: Analysis, what: 'packets' | 'logs'): RecordingRecord['missing'][number] | null {
  return (analysis.recordings ?? []).flatMap((r) => r.missing).find((m) => m.what === what) ?? null;
}

/** How to get packets: in the recorder's own words where it could not capture, else in general. */
export function howToCapture(analysis: Analysis): Html {
  const told = toldMissing(analysis, 'packets');
  return told === null || told.hint === '' ? howToRecord.packets : html`${told.hint}`;
}

/** Why there are no packets: in the recorder's own words where it could not capture, else `otherwise`. */
export function whyNoPackets(analysis: Analysis, otherwise: string): string {
  const told = toldMissing(analysis, 'packets');
  return told === null || told.why === '' ? otherwise : `${otherwise} The recorder could not capture: ${told.why.replace(/\.$/, '')}.`;
}

/** What stands where a table or chart would be empty: what is not known, why, and how to record it next time. */
export function unknownNote(what: Hole, why: Hole, how: Hole): Html {
  return html`<p class="unknown"><b>Not in these sources:</b> ${what}. ${why} <span class="how">To record it: ${how}.</span></p>`;
}

/** A single value that is not known. */
export const unknown: Html = html`<span class="u">unknown</span>`;

/** `value` shown, or the word for not known. */
export function orUnknown<T>(value: T | null | undefined, show: (value: T) => Hole): Html {
  return value === null || value === undefined ? unknown : html`${show(value)}`;
}
