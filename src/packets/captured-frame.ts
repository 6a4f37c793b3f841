/** One frame as it lies in the bytes read so far. There is one such object per reader, rewritten for every frame: nothing may keep it. */
export interface CapturedFrame {
  data: Uint8Array;
  /** Where the frame's captured bytes begin and end within `data`. */
  start: number;
  end: number;
  /** Length on the wire; more than `end - start` when the snap length cut it. */
  wireLength: number;
  /** Microseconds since the epoch, floored. */
  micros: number;
  /** LINKTYPE_ number (tcpdump.org/linktypes.html). */
  linkType: number;
  /** Counts interfaces over all sections of a file. */
  interfaceIndex: number;
  /** Whether this file has several interfaces: each may have seen the same packet. */
  severalInterfaces: boolean;
  /** 1-based, over the whole file, as Wireshark numbers frames. */
  number: number;
}

/** The first frame object of a reader. */
export function createCapturedFrame(): CapturedFrame {
  return {
    data: new Uint8Array(0),
    start: 0,
    end: 0,
    wireLength: 0,
    micros: 0.5, // A fraction, so that the engine gives the field a place for doubles from the start.
    linkType: 0,
    interfaceIndex: 0,
    severalInterfaces: false,
    number: 0,
  };
}

/** What a reader of a capture file hands its findings to. */
export interface FrameSink {
  frame(frame: CapturedFrame): void;
  /** The bytes from `start` to `end` of `data` are the beginning of a last frame that the file's end cuts. */
  torn(data: Uint8Array, start: number, end: number): void;
  /** The bytes from `start` to `end` of `data` are done with: frames in them were handed over, in file order, nothing left out. */
  passed(data: Uint8Array, start: number, end: number): void;
}

/** Records something strange at a frame (null: before the first). */
export type NoteOddity = (kind: string, example: string, frame: number | null, count?: number) => void;

/** One file format: takes whole records off the front of the bytes it is shown. */
export interface RecordReader {
  /** How many bytes from the returned position {@link consume} wants to see before it is called again. */
  readonly wantedBytes: number;
  /** Records that could not be read as frames. */
  readonly unreadable: number;
  /** The number of the last frame. */
  readonly frames: number;
  /** Packets the capturing program says were dropped; null when the file does not say. */
  readonly dropped: number | null;
  /**
   * Handles the records in `data` from `start` to `end` and returns the position up to which they were handled.
   * With `final` there is no more to come: all is handled, torn ends included.
   */
  consume(data: Uint8Array, start: number, end: number, final: boolean): number;
}
