import { i32be, u16be } from './byte-order.js';
import type { Dissection } from './dissection.js';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

const HEADER_BYTES = 20;

/**
 * Reads the TCP header (RFC 9293 §3.1) at `view.transportStart`. False when it is cut or contradicts itself. The payload's length on the wire comes
 * from IP, so it is right for frames that the snap length cut. Checksums are not looked at: with checksum offload captured ones are wrong.
 */
export function dissectTcp(view: Dissection): boolean {
  const data = view.data;
  const at = view.transportStart;
  if (at + HEADER_BYTES > view.end) return false;
  const headerLength = ((data[at + 12] as number) >> 4) * 4;
  if (headerLength < HEADER_BYTES || headerLength > view.transportLength) return false;
  view.sourcePort = u16be(data, at);
  view.targetPort = u16be(data, at + 2);
  view.sequence = i32be(data, at + 4);
  view.acknowledgment = i32be(data, at + 8);
  view.flags = data[at + 13] as number;
  view.payloadStart = at + headerLength;
  view.payloadLength = view.transportLength - headerLength;
  view.payloadCaptured = Math.max(0, Math.min(view.payloadLength, view.end - view.payloadStart));
  return true;
}

/** A number that differs when the options do (time stamps above all); for telling a second sight of a packet from a retransmission. */
export function digestOptions(view: Dissection): number {
  const end = Math.min(view.payloadStart, view.end);
  let digest = 0;
  for (let at = view.transportStart + HEADER_BYTES; at + 4 <= end; at += 4) digest = (Math.imul(digest, 31) + i32be(view.data, at)) | 0;
  return digest;
}
