import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantOfMicros } from '../events/instant.js';
import { AddressBook } from './address-book.js';

const second = (s: number) => instantOfMicros(s * 1_000_000);

test('an address that moves is resolved by time, not by what Docker knows at the end', () => {
  const book = new AddressBook();
  book.add('10.0.0.4', 'peer-a', second(10), 'certificate');
  book.add('10.0.0.4', 'peer-b', second(60), 'certificate');
  book.add('10.0.0.4', 'peer-b', second(5), 'inspect');
  assert.equal(book.resolve('10.0.0.4', second(12)), 'peer-a');
  assert.equal(book.resolve('10.0.0.4', second(3)), 'peer-a', 'before the first claim the first holds');
  assert.equal(book.resolve('10.0.0.4', second(61)), 'peer-b');
});

test("Docker's word holds from the start of the container's last run when nothing later contradicts it", () => {
  const book = new AddressBook();
  book.add('10.0.0.4', 'peer-a', second(10), 'certificate');
  book.add('10.0.0.4', 'cli', second(50), 'inspect');
  assert.equal(book.resolve('10.0.0.4', second(40)), 'peer-a');
  assert.equal(book.resolve('10.0.0.4', second(55)), 'cli');
  assert.deepEqual(book.addressesOf('cli'), ['10.0.0.4']);
});

test('a dialled name that nothing confirms counts only where nothing else speaks', () => {
  const book = new AddressBook();
  book.add('10.0.0.9', 'gone', second(1), 'server-name');
  assert.equal(book.resolve('10.0.0.9', second(2)), 'gone');
  book.add('10.0.0.9', 'present', second(30), 'log');
  assert.equal(book.resolve('10.0.0.9', second(2)), 'present');
  assert.equal(book.resolve('10.0.0.8', second(2)), null);
});

test("Docker's word holds at the moment Docker was asked, whoever has the address later", () => {
  const book = new AddressBook();
  book.add('10.0.0.4', 'peer-a', second(0), 'inspect', second(20));
  book.add('10.0.0.4', 'peer-b', second(60), 'certificate');
  assert.deepEqual([book.resolve('10.0.0.4', second(10)), book.resolve('10.0.0.4', second(70))], ['peer-a', 'peer-b']);
  book.add('10.0.0.4', 'peer-c', second(15), 'certificate');
  assert.equal(book.resolve('10.0.0.4', second(5)), 'peer-c', 'unless the wire shows another before that');
});
