import { type CaptureClock, type CaptureMoment, isOverdue, momentOf } from './capture-clock.js';
import type { NoteOddity } from './captured-frame.js';
import type { Dissection } from './dissection.js';
import type { PayloadMarks } from './payload-marks.js';

/** The longest IP datagram without jumbo options. */
const MAX_DATAGRAM_BYTES = 65_535;
const MAX_FRAGMENTS_PER_DATAGRAM = 8192 / 8;

interface Fragment {
  readonly offset: number;
  readonly length: number;
  readonly captured: Uint8Array;
}

interface FragmentedDatagram {
  readonly fragments: Fragment[];
  readonly since: CaptureMoment;
  /** Length of the whole, known once the last fragment is. */
  length: number;
  received: number;
}

/** Puts fragmented IP datagrams together (RFC 791 §3.2, RFC 8200 §4.5), a bounded number at a time, the oldest giving way. */
export class FragmentTable {
  readonly #datagrams = new Map<string, FragmentedDatagram>();
  readonly #maxDatagrams: number;
  readonly #clock: CaptureClock;
  readonly #note: NoteOddity;
  readonly #marks: PayloadMarks | null;

  constructor(maxDatagrams: number, clock: CaptureClock, note: NoteOddity, marks: PayloadMarks | null) {
    this.#clock = clock;
    this.#maxDatagrams = maxDatagrams;
    this.#note = note;
    this.#marks = marks;
  }

  /**
   * Takes the fragment that `view` shows (its bytes begin at `view.transportStart`). True when it completes its datagram: `view` then shows the
   * reassembled one. Overlapping fragments make a datagram invalid (RFC 5722); exact repetitions are ignored.
   */
  add(view: Dissection, identification: number, offset: number, more: boolean): boolean {
    const key = `${view.source0},${view.source1},${view.source2},${view.source3},${view.target0},${view.target1},${view.target2},${view.target3},${view.protocol},${identification}`;
    this.expire();
    let datagram = this.#datagrams.get(key);
    if (datagram === undefined) {
      if (this.#datagrams.size >= this.#maxDatagrams) this.#dropOldest();
      datagram = { fragments: [], since: momentOf(this.#clock), length: -1, received: 0 };
      this.#datagrams.set(key, datagram);
    }
    const length = view.transportLength;
    if (offset + length > MAX_DATAGRAM_BYTES || datagram.fragments.length >= MAX_FRAGMENTS_PER_DATAGRAM) {
      this.#note('impossible-fragment', `a fragment from ${offset} to ${offset + length}`, this.#clock.frame);
      return false;
    }
    if (datagram.fragments.some((one) => one.offset === offset && one.length === length)) return false;
    const bytes = view.data.subarray(view.transportStart, view.end);
    // Without marks the chunk's buffer may be used again before the datagram is complete.
    const captured = this.#marks === null ? bytes.slice() : bytes;
    this.#marks?.hold(view.data);
    datagram.fragments.push({ offset, length, captured });
    datagram.received += length;
    if (!more) datagram.length = offset + length;
    if (datagram.length < 0 || datagram.received < datagram.length) return false;
    this.#datagrams.delete(key);
    return this.#reassemble(datagram, view);
  }

  /** Datagrams that wait for fragments. */
  get size(): number {
    return this.#datagrams.size;
  }

  /** Gives up on datagrams that wait for too long. */
  expire(): void {
    for (const [key, datagram] of this.#datagrams) {
      if (!isOverdue(datagram.since, this.#clock)) return;
      this.#datagrams.delete(key);
      this.#drop(datagram, 'incomplete-datagram');
    }
  }

  /** Gives up on all. */
  clear(): void {
    for (const datagram of this.#datagrams.values()) this.#drop(datagram, 'incomplete-datagram');
    this.#datagrams.clear();
  }

  #dropOldest(): void {
    for (const [key, datagram] of this.#datagrams) {
      this.#datagrams.delete(key);
      this.#drop(datagram, 'too-many-fragmented-datagrams');
      return;
    }
  }

  #drop(datagram: FragmentedDatagram, why: string): void {
    this.#note(why, `${datagram.fragments.length} fragments, ${datagram.received} bytes`, datagram.since.frame);
    if (this.#marks === null) return;
    for (const fragment of datagram.fragments) {
      // The transport header of the first stays readable; nobody reads the rest.
      fragment.captured.fill(0, fragment.offset === 0 ? 20 : 0);
      this.#marks.release(fragment.captured);
    }
  }

  #reassemble(datagram: FragmentedDatagram, view: Dissection): boolean {
    const fragments = datagram.fragments.sort((a, b) => a.offset - b.offset);
    let at = 0;
    let cut = false;
    const whole = new Uint8Array(datagram.length);
    let captured = 0;
    for (const fragment of fragments) {
      if (fragment.offset !== at) {
        this.#note('overlapping-fragments', `a fragment at ${fragment.offset} where ${at} was due`, this.#clock.frame);
        this.#drop(datagram, 'incomplete-datagram');
        return false;
      }
      if (!cut) {
        whole.set(fragment.captured, at);
        captured = at + fragment.captured.length;
        cut = fragment.captured.length < fragment.length;
      }
      at += fragment.length;
    }
    this.#marks?.assembled(
      whole,
      fragments.map((fragment) => ({ at: fragment.offset, bytes: fragment.captured })),
    );
    view.data = whole;
    view.transportStart = 0;
    view.transportLength = datagram.length;
    view.end = captured;
    return true;
  }
}
