import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLog, buildRecorded } from '../../test/builders/timeline-builder.js';
import { diagnose } from './diagnose.js';
import { buildTimeline } from './timeline.js';

test('a diagnosis that crashes is that one’s errored, with its reason, and never the run’s', () => {
  const recorded = buildRecorded({ logs: [buildLog('p.log', [[0, { kind: 'process.banner', role: 'peer', fabricVersion: '1.4.0' }]])] });
  const timeline = buildTimeline(recorded);
  const broken = {
    ...timeline,
    get events(): never {
      throw new Error('no events today');
    },
  };
  const findings = diagnose([], recorded, broken);
  assert.ok(findings.length > 0);
  assert.deepEqual(
    findings.map((f) => [f.verdict, f.summary, f.nodes, f.from]),
    findings.map(() => ['errored', 'no events today', [], null]),
  );
});
