import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../test/builders/capture-builder.js';
import { grpcMessage } from '../../test/builders/http2-builder.js';
import { beginsMessage, MessageAssembler, type MessageHandler } from './grpc.js';

/** Writes down what an assembler tells; messages up to `keep` bytes are wanted whole. */
class Notes implements MessageHandler {
  readonly lines: string[] = [];
  readonly #keep: number;
  #pieces = '';
  bytes = 0;
  bufferedBytes = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  begin(length: number): boolean {
    this.#pieces = '';
    return length <= this.#keep;
  }
  piece(data: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    this.#pieces += Buffer.from(data.subarray(start, end)).toString('latin1');
  }
  hole(bytes: number): void {
    this.#pieces += '.'.repeat(bytes);
  }
  whole(data: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    this.#pieces = Buffer.from(data.subarray(start, end)).toString('latin1');
  }
  end(): void {
    this.lines.push(this.#pieces);
  }
  abandon(bytes: number): void {
    this.lines.push(`abandoned after ${bytes}: ${this.#pieces}`);
  }
  overhead(bytes: number): void {
    this.bytes += bytes;
  }
  malformed(): void {
    this.lines.push('malformed');
  }
  buffered(bytes: number): void {
    this.bufferedBytes += bytes;
  }
}

const TIME = { micros: 1, frame: 1 };
const message = (text: string): Uint8Array => grpcMessage(bytesOf(text));

describe('gRPC messages', () => {
  it('come out of DATA frames of any size', () => {
    const texts = ['', 'a', 'a longer message', 'b'.repeat(300), ''];
    const bytes = bytesOf(...texts.map(message));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), fc.constantFrom(0, 20, 1000), (sizes, keep) => {
        const notes = new Notes(keep);
        const assembler = new MessageAssembler(notes, TIME, true);
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + (sizes[i % sizes.length] as number));
          assembler.feed(bytes, at, end, true, end - at);
          at = end;
        }
        assert.deepEqual(notes.lines, texts);
        assert.equal(notes.bytes, bytes.length);
        assert.equal(notes.bufferedBytes, 0);
      }),
    );
  });

  it('have the times of their first and last bytes, also where segments come late', () => {
    const notes = new Notes(100);
    const time = { micros: 10, frame: 1 };
    const assembler = new MessageAssembler(notes, time, true);
    const bytes = message('abcdef');
    assembler.feed(bytes, 0, 3, true, 11);
    time.micros = 50;
    time.frame = 4;
    assembler.feed(bytes, 3, 8, false, 8);
    time.micros = 30;
    time.frame = 3;
    assembler.feed(bytes, 8, 11, false, 3);
    assert.deepEqual(notes.lines, ['abcdef']);
    assert.deepEqual([assembler.firstMicros, assembler.firstFrame, assembler.lastMicros, assembler.lastFrame], [10, 1, 50, 4]);
  });

  it('have holes where bytes are missing, and are given up where nobody knows how many', () => {
    const notes = new Notes(100);
    const assembler = new MessageAssembler(notes, TIME, true);
    const bytes = message('abcdef');
    assembler.feed(bytes, 0, 7, true, 11);
    assembler.miss(2);
    assembler.feed(bytes, 9, 11, false, 2);
    assembler.feed(bytes, 0, 8, true, 11);
    assembler.lose();
    assembler.feed(bytes, 8, 11, false, 3);
    assembler.feed(bytes, 0, 11, true, 11);
    assert.deepEqual(notes.lines, ['ab..ef', 'abandoned after 3: abc', 'abcdef']);
    assert.equal(notes.bufferedBytes, 0);
  });

  it('are recognized in the middle of a call by a frame that begins one', () => {
    const begins = (bytes: Uint8Array, length = bytes.length): boolean => beginsMessage(bytes, 0, bytes.length, length);
    assert.ok(begins(message('exactly one')));
    assert.ok(begins(bytesOf([0, 0, 0, 1, 0, 0x0a, 0xfd, 0x01], 'begins a message of 256')));
    assert.ok(!begins(bytesOf([0, 0, 0, 1, 0, 0x0a, 0xfe, 0x01], 'whose field is too long')));
    assert.ok(!begins(bytesOf([0, 0, 0, 1, 0, 0x08, 0x01], 'that begins otherwise')));
    assert.ok(!begins(bytesOf([1, 0, 0, 0, 1, 9])));
    const notes = new Notes(100);
    const assembler = new MessageAssembler(notes, TIME, false);
    const bytes = message('one');
    assembler.feed(bytes, 4, 8, true, 4);
    assembler.feed(bytes, 0, 8, false, 8);
    assembler.feed(bytes, 0, 8, true, 8);
    assert.deepEqual(notes.lines, ['one']);
    assert.equal(notes.bytes, 20);
  });

  it('with an impossible prefix end the position', () => {
    const notes = new Notes(100);
    const assembler = new MessageAssembler(notes, TIME, true);
    const bad = bytesOf([0, 0xff, 0, 0, 0], 'junk');
    assembler.feed(bad, 0, bad.length, true, bad.length);
    assert.deepEqual(notes.lines, ['malformed']);
    assert.equal(notes.bytes, bad.length);
  });
});
