import { common, gossip, msp, orderer } from '@hyperledger/fabric-protos';
import { bytesOf, u24, u32 } from './capture-builder.js';

export const FRAME = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 } as const;
export const FLAG = { END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const PREFACE = bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flags: number, stream: number, payload: Uint8Array | readonly number[] = []): Uint8Array {
  return bytesOf([...u24(payload.length), type, flags, ...u32(stream)], payload);
}

const text = (value: string): Uint8Array => bytesOf([value.length], value);

/** A header block of literals (RFC 7541 §6.2), no Huffman; `isIndexed` adds them to the table. */
export function headerBlock(fields: Readonly<Record<string, string>>, isIndexed = true): Uint8Array {
  return bytesOf(...Object.entries(fields).flatMap(([name, value]) => [[isIndexed ? 0x40 : 0], text(name), text(value)]));
}

export function headers(stream: number, fields: Readonly<Record<string, string>>, flags: number = FLAG.END_HEADERS): Uint8Array {
  return frame(FRAME.HEADERS, flags, stream, headerBlock(fields));
}

/** A message with gRPC's prefix. */
export function grpcMessage(message: Uint8Array, flag = 0): Uint8Array {
  return bytesOf([flag, ...u32(message.length)], message);
}

/** DATA frames that carry a gRPC message, as grpc-go writes them. */
export function dataFrames(stream: number, message: Uint8Array, maxFrame = 16_384): Uint8Array {
  const bytes = grpcMessage(message);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += maxFrame) frames.push(frame(FRAME.DATA, 0, stream, bytes.subarray(at, at + maxFrame)));
  return bytesOf(...frames);
}

export const clientOpening = (path: string, stream = 1, authority = 'peer1.example.com:7051'): Uint8Array =>
  bytesOf(PREFACE, frame(FRAME.SETTINGS, 0, 0), headers(stream, { ':path': path, ':authority': authority }));
export const serverOpening = (stream = 1): Uint8Array => bytesOf(frame(FRAME.SETTINGS, 0, 0), headers(stream, { ':status': '200' }));

export const GOSSIP_STREAM = '/gossip.Gossip/GossipStream';
export const DELIVER = '/orderer.AtomicBroadcast/Deliver';

/** Thirty-two bytes that stand for a PKI-ID. */
export const pkiId = (n: number): Uint8Array => new Uint8Array(32).fill(n);
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** An Envelope around a GossipMessage that `fill` fills in; the message's own serializer is fabric-protos'. */
export function envelope(fill: (message: gossip.GossipMessage) => void, channel = ''): Uint8Array {
  return signed(fill, channel).serializeBinary();
}

function signed(fill: (message: gossip.GossipMessage) => void, channel = ''): gossip.Envelope {
  const message = new gossip.GossipMessage();
  if (channel !== '') message.setChannel(Buffer.from(channel));
  message.setTag(gossip.GossipMessage.Tag.EMPTY);
  fill(message);
  const result = new gossip.Envelope();
  result.setPayload(message.serializeBinary());
  result.setSignature(new Uint8Array(70).fill(7));
  return result;
}

export function timestamp(incarnation: number, sequence: number): gossip.PeerTime {
  const time = new gossip.PeerTime();
  time.setIncNum(incarnation);
  time.setSeqNum(sequence);
  return time;
}

function aliveContent(n: number, incarnation: number, sequence: number): gossip.AliveMessage {
  const member = new gossip.Member();
  member.setEndpoint(`peer${n}.example.com:7051`);
  member.setPkiId(pkiId(n));
  const alive = new gossip.AliveMessage();
  alive.setMembership(member);
  alive.setTimestamp(timestamp(incarnation, sequence));
  return alive;
}

export const aliveMessage = (n: number, incarnation: number, sequence: number): Uint8Array =>
  envelope((m) => m.setAliveMsg(aliveContent(n, incarnation, sequence)));

export function membershipRequest(n: number): Uint8Array {
  const request = new gossip.MembershipRequest();
  request.setSelfInformation(signed((m) => m.setAliveMsg(aliveContent(n, 1, 1))));
  return envelope((m) => m.setMemReq(request));
}

export function membershipResponse(alive: readonly number[], dead: readonly number[]): Uint8Array {
  const response = new gossip.MembershipResponse();
  response.setAliveList(alive.map((n) => signed((m) => m.setAliveMsg(aliveContent(n, 1, 1)))));
  response.setDeadList(dead.map((n) => signed((m) => m.setAliveMsg(aliveContent(n, 1, 1)))));
  return envelope((m) => m.setMemRes(response));
}

export function connMessage(n: number, mspId: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'));
  const conn = new gossip.ConnEstablish();
  conn.setPkiId(pkiId(n));
  conn.setIdentity(identity.serializeBinary());
  return envelope((m) => m.setConn(conn));
}

export function leadershipMessage(n: number, channel: string, isDeclaration: boolean, sequence: number): Uint8Array {
  const message = new gossip.LeadershipMessage();
  message.setPkiId(pkiId(n));
  message.setTimestamp(timestamp(1, sequence));
  message.setIsDeclaration(isDeclaration);
  return envelope((m) => m.setLeadershipMsg(message), channel);
}

export function stateInfo(n: number, mac: Uint8Array, height: number, sequence: number): Uint8Array {
  const properties = new gossip.Properties();
  properties.setLedgerHeight(height);
  const info = new gossip.StateInfo();
  info.setPkiId(pkiId(n));
  info.setChannelMac(mac);
  info.setTimestamp(timestamp(1, sequence));
  info.setProperties(properties);
  return envelope((m) => m.setStateInfo(info));
}

function payloadOf(number: number, bytes: number): gossip.Payload {
  const payload = new gossip.Payload();
  payload.setSeqNum(number);
  payload.setData(new Uint8Array(bytes).fill(0xab));
  return payload;
}

export function blockPush(channel: string, number: number, bytes: number): Uint8Array {
  const data = new gossip.DataMessage();
  data.setPayload(payloadOf(number, bytes));
  return envelope((m) => m.setDataMsg(data), channel);
}

export function blockUpdate(channel: string, numbers: readonly number[], bytes: number): Uint8Array {
  const update = new gossip.DataUpdate();
  update.setMsgType(gossip.PullMsgType.BLOCK_MSG);
  update.setDataList(
    numbers.map((number) => {
      const data = new gossip.DataMessage();
      data.setPayload(payloadOf(number, bytes));
      return signed((m) => m.setDataMsg(data), channel);
    }),
  );
  return envelope((m) => m.setDataUpdate(update), channel);
}

export function stateResponse(channel: string, numbers: readonly number[], bytes: number): Uint8Array {
  const response = new gossip.RemoteStateResponse();
  response.setPayloadsList(numbers.map((number) => payloadOf(number, bytes)));
  return envelope((m) => m.setStateResponse(response), channel);
}

function channelHeader(type: number, channel: string): common.Header {
  const inner = new common.ChannelHeader();
  inner.setType(type);
  inner.setChannelId(channel);
  const header = new common.Header();
  header.setChannelHeader(inner.serializeBinary());
  header.setSignatureHeader(new Uint8Array(30));
  return header;
}

function commonEnvelope(header: common.Header, data: Uint8Array): Uint8Array {
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const result = new common.Envelope();
  result.setPayload(payload.serializeBinary());
  result.setSignature(new Uint8Array(70));
  return result.serializeBinary();
}

/** SeekInfo's stop at block 2^64 - 1, which google-protobuf cannot write. */
const ENDLESS_STOP = [0x12, 13, 0x1a, 11, 0x08, ...new Array<number>(9).fill(0xff), 1];

export function deliverRequest(channel: string, start: number, isEndless = true): Uint8Array {
  const specified = new orderer.SeekSpecified();
  specified.setNumber(start);
  const position = new orderer.SeekPosition();
  position.setSpecified(specified);
  const seek = new orderer.SeekInfo();
  seek.setStart(position);
  if (!isEndless) seek.setStop(position);
  return commonEnvelope(channelHeader(5, channel), bytesOf(seek.serializeBinary(), isEndless ? ENDLESS_STOP : []));
}

export function deliveredBlock(channel: string, number: number, bytes: number): Uint8Array {
  const header = new common.BlockHeader();
  header.setNumber(number);
  header.setPreviousHash(new Uint8Array(32).fill(1));
  header.setDataHash(new Uint8Array(32).fill(2));
  const data = new common.BlockData();
  data.setDataList([commonEnvelope(channelHeader(3, channel), new Uint8Array(bytes).fill(0xcd))]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  const response = new orderer.DeliverResponse();
  response.setBlock(block);
  return response.serializeBinary();
}

export function deliverStatus(status: 200 | 403 | 404): Uint8Array {
  const response = new orderer.DeliverResponse();
  response.setStatus(status);
  return response.serializeBinary();
}
