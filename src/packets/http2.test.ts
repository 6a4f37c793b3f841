import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../test/builders/capture-builder.js';
import { FLAG, FRAME, frame, headerBlock, PREFACE } from '../../test/builders/http2-builder.js';
import { type FrameHandler, FrameReader, findFrames } from './http2.js';

/** Writes down what a reader tells; data of one frame in one line, however it came. */
class Notes implements FrameHandler {
  readonly lines: string[] = [];
  #open = '';
  overheadBytes = 0;
  dataBytes = 0;

  #say(line: string): void {
    this.lines.push(line);
    this.#open = '';
  }

  data(stream: number, data: Uint8Array, start: number, end: number, isFirst: boolean): void {
    this.dataBytes += end - start;
    const text = Buffer.from(data.subarray(start, end)).toString('latin1');
    if (isFirst || this.#open !== `data ${stream}`) this.lines.push(`data ${stream} ${text}`);
    else this.lines.push(`${this.lines.pop()}${text}`);
    this.#open = `data ${stream}`;
  }
  dataMissing(stream: number, bytes: number): void {
    this.#say(`missing ${stream} ${bytes}`);
  }
  headers(stream: number, block: Uint8Array | null): void {
    this.#say(`headers ${stream} ${block === null ? 'broken' : Buffer.from(block).toString('latin1')}`);
  }
  ended(stream: number): void {
    this.#say(`ended ${stream}`);
  }
  reset(stream: number): void {
    this.#say(`reset ${stream}`);
  }
  overhead(bytes: number): void {
    this.overheadBytes += bytes;
  }
  positionLost(reason: string): void {
    this.#say(`lost ${reason}`);
  }
}

function read(bytes: Uint8Array, chunks: readonly number[] = [bytes.length], prepare: (reader: FrameReader) => void = () => {}): Notes {
  const notes = new Notes();
  const reader = new FrameReader(notes, 1000);
  prepare(reader);
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + Math.max(1, chunks[i % chunks.length] as number));
    reader.feed(bytes, at, end, end);
    at = end;
  }
  return notes;
}

const data = (stream: number, text: string, flags = 0): Uint8Array => frame(FRAME.DATA, flags, stream, bytesOf(text));

describe('HTTP/2 frames', () => {
  const block = headerBlock({ ':path': '/a' });
  const spoken = bytesOf(
    PREFACE,
    frame(FRAME.SETTINGS, 0, 0, new Uint8Array(6)),
    frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.PRIORITY, 1, bytesOf([0, 0, 0, 0, 16], block)),
    data(1, 'hello'),
    frame(FRAME.PING, 0, 0, new Uint8Array(8)),
    frame(0x2a, 0xff, 7, [1, 2, 3]),
    frame(FRAME.HEADERS, FLAG.PADDED, 3, bytesOf([2], block.subarray(0, 4), [0, 0])),
    frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 3, block.subarray(4)),
    frame(FRAME.DATA, FLAG.PADDED | FLAG.END_STREAM, 1, bytesOf([3], 'padded', [0, 0, 0])),
    frame(FRAME.WINDOW_UPDATE, 0, 0, [0, 0, 1, 0]),
    frame(FRAME.RST_STREAM, 0, 3, [0, 0, 0, 8]),
    data(5, '', FLAG.END_STREAM),
  );
  const text = Buffer.from(block).toString('latin1');
  const expected = [`headers 1 ${text}`, 'data 1 hello', `headers 3 ${text}`, 'data 1 padded', 'ended 1', 'reset 3', 'ended 5'];

  it('are told, whatever the segments: headers whole, data without padding, the rest passed over', () => {
    assert.deepEqual(read(spoken).lines, expected);
    assert.deepEqual(read(spoken, [1]).lines, expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (chunks) => {
        const notes = read(spoken, chunks);
        assert.deepEqual(notes.lines, expected);
        assert.equal(notes.overheadBytes + notes.dataBytes, spoken.length);
      }),
    );
  });

  it('go on after bytes that are missing inside one of them', () => {
    const notes = new Notes();
    const reader = new FrameReader(notes, 1000);
    const first = data(1, 'abcdefgh');
    reader.feed(first, 0, 11, 11);
    reader.miss(4);
    reader.feed(first, 15, 17, 17);
    const second = data(1, 'xyz');
    reader.feed(second, 0, 10, 10);
    reader.miss(2);
    const third = data(3, 'on');
    reader.feed(third, 0, third.length, third.length);
    assert.deepEqual(notes.lines, ['data 1 ab', 'missing 1 4', 'data 1 gh', 'data 1 x', 'missing 1 2', 'data 3 on']);
  });

  it('are found again after a frame header is missing, and headers are not trusted whose bytes are missing', () => {
    const notes = new Notes();
    const reader = new FrameReader(notes, 1000);
    const first = data(1, 'abc');
    reader.feed(first, 0, first.length, first.length);
    reader.miss(20);
    const tail = bytesOf('rest of something', data(1, 'found'));
    reader.feed(tail, 0, tail.length, tail.length);
    const cut = frame(FRAME.HEADERS, FLAG.END_HEADERS, 5, block);
    reader.feed(cut, 0, 12, 12);
    reader.miss(cut.length - 12);
    assert.deepEqual(notes.lines, ['data 1 abc', 'lost missing', 'data 1 found', 'headers 5 broken']);
  });

  it('are found in a stream entered in its middle', () => {
    const segment = bytesOf([9, 9, 0, 0, 0, 7], data(3, 'one'), data(3, 'two'));
    assert.equal(findFrames(segment, 0, segment.length, segment.length), 6);
    assert.deepEqual(read(segment, undefined, (reader) => reader.seek()).lines, ['data 3 one', 'data 3 two']);
    assert.equal(findFrames(new Uint8Array(1000), 0, 1000, 1000), -1);
  });

  it('that are longer than HTTP/2 allows end the position', () => {
    const notes = read(bytesOf(data(1, 'a'), [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1], data(1, 'b')));
    assert.deepEqual(notes.lines, ['data 1 a', 'lost malformed', 'data 1 b']);
  });

  it('with headers longer than are kept are told as broken', () => {
    const long = bytesOf(
      ...Array.from({ length: 3 }, (_, i) => frame(i === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, i === 2 ? 4 : 0, 1, new Uint8Array(400))),
    );
    assert.deepEqual(read(long).lines, ['headers 1 broken']);
  });

  it('of any bytes do no harm', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .record({ type: fc.integer({ min: 0, max: 10 }), flags: fc.nat(255), stream: fc.nat(5), payload: fc.uint8Array({ maxLength: 30 }) })
        .map((f) => frame(f.type, f.flags, f.stream, f.payload)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(30), { minLength: 1 }), fc.boolean(), (pieces, chunks, seeks) => {
        const bytes = bytesOf(...pieces);
        const notes = new Notes();
        const reader = new FrameReader(notes, 1000);
        if (seeks) reader.seek();
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const size = chunks[i % chunks.length] as number;
          const end = Math.min(bytes.length, at + size + 1);
          if (size % 7 === 3) reader.miss(end - at);
          else reader.feed(bytes, at, end, end);
          at = end;
        }
        assert.ok(notes.overheadBytes + notes.dataBytes <= bytes.length);
      }),
    );
  });
});
