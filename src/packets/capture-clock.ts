/** How far the capture has been read; decides when waiting is over, so that it depends on the capture alone. */
export interface CaptureClock {
  frame: number;
  micros: number;
  /** Captured bytes of all frames so far. */
  bytes: number;
}

/** A moment of a {@link CaptureClock}. */
export interface CaptureMoment {
  readonly frame: number;
  readonly micros: number;
  readonly bytes: number;
}

/** Linux gives up on fragments after so long (net.ipv4.ipfrag_time), and TCP's retransmissions come sooner in any network worth a look. */
const PATIENCE_MICROS = 30_000_000;
/** What waits is given up after so many captured bytes too: whoever holds back output until then holds no more than that. */
const PATIENCE_BYTES = 16 * 1024 * 1024;

export function createCaptureClock(): CaptureClock {
  return { frame: 0, micros: 0, bytes: 0 };
}

export function momentOf(clock: CaptureClock): CaptureMoment {
  return { frame: clock.frame, micros: clock.micros, bytes: clock.bytes };
}

/** Whether something that has been waiting since `since` waits no longer. */
export function isOverdue(since: CaptureMoment, clock: CaptureClock): boolean {
  return clock.micros - since.micros > PATIENCE_MICROS || clock.bytes - since.bytes > PATIENCE_BYTES;
}
