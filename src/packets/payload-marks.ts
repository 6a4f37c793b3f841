/** Part of a datagram's bytes as it lies in a frame. */
export interface FragmentPlace {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Told which payload bytes the decoder's findings depend on, so that a slimmer may zero all others. Byte ranges refer to the very buffers that frames
 * were read from. A buffer that is held must not be written out before it is released as often.
 */
export interface PayloadMarks {
  /** These bytes have a meaning. */
  keep(start: number, end: number): void;
  /** These bytes are unencrypted content. */
  keepPlaintext(start: number, end: number): void;
  /** All that will be said of the payload from `start` to `end` of `data` has been said. */
  finish(data: Uint8Array, start: number, end: number): void;
  /** A view into `data`, or `data` itself, will be looked at later. */
  hold(data: Uint8Array): void;
  release(data: Uint8Array): void;
  /** `whole` was put together from `places`, each of which is held. */
  assembled(whole: Uint8Array, places: readonly FragmentPlace[]): void;
  /** The bytes from `start` to `end` of `data` go on with the handshake messages that `stream` shows before it is encrypted. They were told to be kept. */
  handshake(stream: object, data: Uint8Array, start: number, end: number): void;
  /** What `stream` shows next does not go on with its handshake messages. */
  handshakeOver(stream: object): void;
}
