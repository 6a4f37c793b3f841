/** Whose bytes a frame carries. `engine`: what the engine itself says in the middle of a stream, such as `Error grabbing logs: …`. */
export type FrameStream = 'stdin' | 'stdout' | 'stderr' | 'engine';

/** Takes a frame's bytes, or a piece of them when it spans chunks; `begins` with the first piece. The bytes are a view of the chunk that was pushed. */
export type OnFrame = (stream: FrameStream, bytes: Uint8Array, begins: boolean) => void;

const HEADER_BYTES = 8;
/** By the header's first byte: moby `pkg/stdcopy`, `Stdin` to `Systemerr`. */
const STREAMS: readonly FrameStream[] = ['stdin', 'stdout', 'stderr', 'engine'];

/**
 * Takes Docker's multiplexed stream apart: a header of the stream's type, three zero bytes and a big-endian length, then so many bytes (moby
 * `pkg/stdcopy`, API "Attach to a container"). Chunks may be of any size; every byte is looked at once and none is kept but a torn header.
 *
 * dockerode's own `demuxStream` is not used: it recurses per frame, so that a chunk of some thousand short frames overflows the stack.
 */
export class StreamDemuxer {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #stream: FrameStream = 'stdout';
  #left = 0;
  #begins = false;
  #problem: string | null = null;

  /** What made the stream unreadable: an impossible header, after which all is handed over as it is, as `stdout`. Null while all is well. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Hands over all that `chunk` holds. Never throws of itself. An empty frame is handed over too, without bytes. */
  push(chunk: Uint8Array, onFrame: OnFrame): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#problem !== null) {
        onFrame('stdout', at === 0 ? chunk : chunk.subarray(at), false);
        return;
      }
      if (this.#left > 0) {
        const bytes = chunk.subarray(at, at + this.#left);
        at += bytes.length;
        this.#left -= bytes.length;
        onFrame(this.#stream, bytes, this.#begins);
        this.#begins = false;
        continue;
      }
      while (at < chunk.length && this.#headerBytes < HEADER_BYTES) this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
      if (this.#headerBytes === HEADER_BYTES) this.#takeHeader(onFrame);
    }
  }

  /** What the stream's end tore: a sentence, or null when it ended between frames. */
  end(): string | null {
    if (this.#problem !== null) return this.#problem;
    if (this.#headerBytes > 0) return `the stream ended after ${this.#headerBytes} of the ${HEADER_BYTES} bytes of a frame's header`;
    return this.#left > 0 ? `the stream ended ${this.#left} bytes before the end of a frame` : null;
  }

  #takeHeader(onFrame: OnFrame): void {
    const [type, zero1, zero2, zero3, b3 = 0, b2 = 0, b1 = 0, b0 = 0] = this.#header;
    const stream = STREAMS[type ?? STREAMS.length];
    if (stream === undefined || zero1 !== 0 || zero2 !== 0 || zero3 !== 0) {
      this.#problem = `impossible frame header ${Buffer.from(this.#header).toString('hex')}`;
      onFrame('stdout', this.#header.slice(), false);
      return;
    }
    this.#headerBytes = 0;
    this.#stream = stream;
    // Not shifted: a length of 2 GiB and more would turn negative.
    this.#left = b3 * 0x1000000 + b2 * 0x10000 + b1 * 0x100 + b0;
    this.#begins = true;
    if (this.#left === 0) onFrame(stream, this.#header.subarray(0, 0), true);
  }
}
