/**
 * What the layers of one frame say, each layer filling in its part. There is one such object, rewritten for every frame: nothing may keep it.
 * Addresses are four 32-bit words, most significant first; an IPv4 address stands as its IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2).
 */
export interface Dissection {
  /** The bytes the offsets below refer to: the frame's, or those of a datagram put together from fragments. */
  data: Uint8Array;
  /** End of the captured bytes within `data`. */
  end: number;

  /** Link layer. `etherType` is -1 when the frame has none that is known. */
  etherType: number;
  networkStart: number;

  /** Network layer. */
  source0: number;
  source1: number;
  source2: number;
  source3: number;
  target0: number;
  target1: number;
  target2: number;
  target3: number;
  /** The IP protocol number, -1 when the packet is no readable IP. */
  protocol: number;
  transportStart: number;
  /** Length of the transport header and its payload on the wire. */
  transportLength: number;
  /** IPv4's identification; 0 in IPv6. */
  identification: number;

  /** TCP. */
  sourcePort: number;
  targetPort: number;
  sequence: number;
  acknowledgment: number;
  flags: number;
  payloadStart: number;
  /** Payload bytes that were captured. */
  payloadCaptured: number;
  /** Payload bytes on the wire. */
  payloadLength: number;
}

export function createDissection(): Dissection {
  return {
    data: new Uint8Array(0),
    end: 0,
    etherType: -1,
    networkStart: 0,
    source0: 0,
    source1: 0,
    source2: 0,
    source3: 0,
    target0: 0,
    target1: 0,
    target2: 0,
    target3: 0,
    protocol: -1,
    transportStart: 0,
    transportLength: 0,
    identification: 0,
    sourcePort: 0,
    targetPort: 0,
    sequence: 0,
    acknowledgment: 0,
    flags: 0,
    payloadStart: 0,
    payloadCaptured: 0,
    payloadLength: 0,
  };
}
