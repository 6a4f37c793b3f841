import { type CaptureMoment, isOverdue, momentOf } from './capture-clock.js';
import type { Conversation, Side, StreamSurroundings } from './conversation.js';
import type { Dissection } from './dissection.js';
import { StreamFollower } from './tls.js';

/** A sequence number so far from the expected one belongs to another life of the stream, not to a gap in this one. */
const MAX_SEQUENCE_STEP = 64 * 1024 * 1024;
/** Bytes that the receiver has acknowledged will not be sent again; so much later they will not turn up out of order either. */
const ACKNOWLEDGED_PATIENCE_MICROS = 100_000;

/** Part of a segment that waits for bytes before it. */
interface PendingPiece {
  readonly sequence: number;
  /** Bytes on the wire. */
  readonly length: number;
  data: Uint8Array;
  start: number;
  /** Where the captured bytes end within `data`. */
  end: number;
  readonly since: CaptureMoment;
}

/**
 * One direction of a TCP connection: puts the segments in order (RFC 9293 §3.4, numbers compared modulo 2^32) and hands each byte once to a
 * {@link StreamFollower}. Out of order segments wait, within limits of number, bytes, time and capture length; then what is missing before them is given
 * up as a gap. Bytes that come after their gap was given up are taken for a retransmission.
 */
export class TcpStream {
  readonly follower: StreamFollower;
  /** Different payload bytes that passed, by their length on the wire. */
  payloadBytes = 0;
  /** Stream bytes between the first and the last seen that the capture does not hold: lost, or cut by the snap length. */
  bytesMissing = 0;
  /** The initial sequence number, when a SYN showed it. */
  initialSequence: number | null = null;
  readonly #around: StreamSurroundings;
  #positioned = false;
  #next = 0;
  #acknowledged = 0;
  #anyAcknowledged = false;
  #finSequence: number | null = null;
  #pending: PendingPiece[] = [];
  #pendingBytes = 0;

  constructor(conversation: Conversation, side: Side, around: StreamSurroundings) {
    this.follower = new StreamFollower(conversation, side, around);
    this.#around = around;
  }

  get isWaiting(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether a FIN was seen. */
  get isFinished(): boolean {
    return this.#finSequence !== null;
  }

  /** A SYN was seen: the stream begins after it. */
  open(initialSequence: number): void {
    if (this.initialSequence !== null) return;
    this.initialSequence = initialSequence;
    if (this.#positioned) return;
    this.#positioned = true;
    this.#next = (initialSequence + 1) | 0;
    this.follower.open();
  }

  /** A FIN was seen whose segment's payload ends at `sequence`. */
  finish(sequence: number): void {
    this.#finSequence ??= sequence;
  }

  /** The other side acknowledged everything before `sequence`. */
  acknowledge(sequence: number): void {
    if (this.#anyAcknowledged && ((sequence - this.#acknowledged) | 0) <= 0) return;
    this.#anyAcknowledged = true;
    this.#acknowledged = sequence;
  }

  /** Takes the payload of the segment in `view`, which begins at `sequence`. Returns how many of its bytes were not seen before. */
  receive(view: Dissection, sequence: number): number {
    const length = view.payloadLength;
    if (!this.#positioned) {
      this.#positioned = true;
      this.#next = sequence;
    }
    if (sequence !== this.#next || this.#pending.length > 0) return this.#receiveOutOfOrder(view, sequence);
    const { clock, marks } = this.#around;
    const start = view.payloadStart;
    const end = start + view.payloadCaptured;
    this.#next = (sequence + length) | 0;
    this.payloadBytes += length;
    this.bytesMissing += length - view.payloadCaptured;
    this.follower.feed(view.data, start, end, start + length, clock.frame, clock.micros);
    if (marks !== null) marks.finish(view.data, start, end);
    return length;
  }

  #receiveOutOfOrder(view: Dissection, sequence: number): number {
    const step = (sequence - this.#next) | 0;
    if (step > MAX_SEQUENCE_STEP || step < -MAX_SEQUENCE_STEP) {
      this.#around.note('tcp-sequence-jump', `a segment ${step} bytes from where the stream stands`, this.#around.clock.frame);
      this.flush();
      this.follower.miss(MAX_SEQUENCE_STEP);
      this.#next = sequence;
    } else if (step + view.payloadLength <= 0) {
      this.#finishRange(view, 0, view.payloadLength);
      return 0;
    }
    const before = this.payloadBytes;
    const fresh = this.#insertUncovered(view, sequence);
    this.#drain();
    for (const piece of fresh) this.#retain(piece);
    this.#enforceLimits();
    return this.payloadBytes - before;
  }

  /** Adds to what waits those parts of the segment that neither passed nor wait already; returns them. */
  #insertUncovered(view: Dissection, sequence: number): readonly PendingPiece[] {
    const fresh: PendingPiece[] = [];
    let offset = 0;
    const cover = (upTo: number): void => {
      if (upTo <= offset) return;
      this.#finishRange(view, offset, Math.min(upTo, view.payloadLength));
      offset = upTo;
    };
    cover(Math.min((this.#next - sequence) | 0, view.payloadLength));
    let i = 0;
    while (offset < view.payloadLength) {
      const other = this.#pending[i];
      const otherAt = other === undefined ? view.payloadLength : (other.sequence - sequence) | 0;
      if (other !== undefined && otherAt + other.length <= offset) {
        i += 1;
        continue;
      }
      const upTo = Math.min(otherAt, view.payloadLength);
      if (upTo > offset) {
        const piece = this.#pieceOf(view, sequence, offset, upTo);
        this.#pending.splice(i, 0, piece);
        this.#countPending(piece.length);
        this.payloadBytes += piece.length;
        fresh.push(piece);
        offset = upTo;
        i += 1;
      } else if (other !== undefined) {
        cover(otherAt + other.length);
        i += 1;
      }
    }
    return fresh;
  }

  #pieceOf(view: Dissection, sequence: number, from: number, to: number): PendingPiece {
    const captured = view.payloadCaptured;
    const start = view.payloadStart + Math.min(from, captured);
    const end = view.payloadStart + Math.min(to, captured);
    this.#around.marks?.hold(view.data);
    return { sequence: (sequence + from) | 0, length: to - from, data: view.data, start, end, since: momentOf(this.#around.clock) };
  }

  #finishRange(view: Dissection, from: number, to: number): void {
    const captured = view.payloadCaptured;
    this.#around.marks?.finish(view.data, view.payloadStart + Math.min(from, captured), view.payloadStart + Math.min(to, captured));
  }

  /** Copies the bytes of a piece that goes on waiting; with marks they stay where they are, since the slimmer owns them. */
  #retain(piece: PendingPiece): void {
    if (this.#around.marks !== null || !this.#pending.includes(piece)) return;
    piece.data = piece.data.slice(piece.start, piece.end);
    piece.end -= piece.start;
    piece.start = 0;
  }

  #countPending(bytes: number): void {
    this.#pendingBytes += bytes;
    this.#around.pending.bytes += bytes;
  }

  /** Hands on what waits as far as nothing is missing before it. */
  #drain(): void {
    for (let piece = this.#pending[0]; piece !== undefined && piece.sequence === this.#next; piece = this.#pending[0]) {
      this.#pending.shift();
      this.#countPending(-piece.length);
      this.#next = (piece.sequence + piece.length) | 0;
      this.bytesMissing += piece.length - (piece.end - piece.start);
      this.follower.feed(piece.data, piece.start, piece.end, piece.start + piece.length, piece.since.frame, piece.since.micros);
      this.#around.marks?.finish(piece.data, piece.start, piece.end);
      this.#around.marks?.release(piece.data);
    }
  }

  /** Gives up the bytes missing before the first waiting piece. */
  #giveUpGap(): void {
    const first = this.#pending[0];
    if (first === undefined) return;
    const gap = (first.sequence - this.#next) | 0;
    this.bytesMissing += gap;
    this.follower.miss(gap);
    this.#around.note('bytes-missing', `${gap} bytes of a TCP stream before frame ${first.since.frame} are not in the capture`, first.since.frame);
    this.#next = first.sequence;
    this.#drain();
  }

  #enforceLimits(): void {
    const { limits, pending } = this.#around;
    while (
      this.#pending.length > limits.maxPendingSegments ||
      this.#pendingBytes > limits.maxPendingBytes ||
      (this.#pending.length > 0 && pending.bytes > limits.maxPendingBytesInAll)
    ) {
      this.#giveUpGap();
    }
  }

  /** Gives up gaps that nothing will fill any more: acknowledged a while ago, or waited for too long. */
  giveUpOverdue(): void {
    const clock = this.#around.clock;
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const acknowledged = this.#anyAcknowledged && ((this.#acknowledged - first.sequence) | 0) >= 0;
      const patience = acknowledged && clock.micros - first.since.micros > ACKNOWLEDGED_PATIENCE_MICROS;
      if (!patience && !isOverdue(first.since, clock)) return;
      this.#giveUpGap();
    }
  }

  /** Gives up all gaps. */
  flush(): void {
    while (this.#pending.length > 0) this.#giveUpGap();
  }

  /** The capture is over, or nobody will ask for this stream any more. */
  end(): void {
    this.flush();
    this.follower.close();
    if (!this.#positioned || !this.#anyAcknowledged) return;
    const end = this.#finSequence !== null && ((this.#acknowledged - this.#finSequence) | 0) > 0 ? this.#finSequence : this.#acknowledged;
    const unseen = (end - this.#next) | 0;
    // One may be a FIN that was not captured.
    if (unseen > 1 && unseen <= MAX_SEQUENCE_STEP) this.bytesMissing += unseen;
  }
}
