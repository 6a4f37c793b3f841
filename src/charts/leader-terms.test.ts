import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildOrganization } from '../../test/builders/analysis-builder.js';
import type { Term } from '../analysis/contract.js';
import { onlyBeside, termsByBasis } from './leader-terms.js';

const term = (peer: string, from: number, to: number | null, basis: Term['basis']): Term => ({
  peer,
  from: at(from),
  to: to === null ? null : at(to),
  endedBy: to === null ? 'still-leading' : 'stopped',
  basis,
  evidence: [],
});
const of = (terms: readonly Term[]) => termsByBasis(buildOrganization('Org', ['a', 'b'], { terms }).leadership);

test('terms of logs lead and the packets’ stand beside, never added to them', () => {
  const terms = [term('a', 0, 10, 'log'), term('a', 1, 11, 'packets'), term('b', 12, null, 'packets')];
  assert.deepEqual(of(terms), { leading: terms.slice(0, 1), beside: terms.slice(1) });
  assert.deepEqual(onlyBeside(of(terms)), terms.slice(2), 'b led by the packets only');
});

test('without a log the packets lead; what was read comes before what was concluded', () => {
  const [packets, read] = [term('a', 0, 10, 'packets'), term('a', 0, 10, 'plaintext')];
  assert.deepEqual(of([packets]), { leading: [packets], beside: [] });
  assert.deepEqual(of([packets, read]), { leading: [read], beside: [packets] });
  assert.deepEqual(onlyBeside(of([packets])), []);
});

test('an open term touches every later one of the same peer', () => {
  assert.deepEqual(onlyBeside(of([term('a', 0, null, 'log'), term('a', 50, 60, 'packets')])), []);
  assert.equal(onlyBeside(of([term('a', 0, 40, 'log'), term('a', 50, 60, 'packets')])).length, 1);
});
