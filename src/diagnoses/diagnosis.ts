import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';

/** What one diagnosis says of one subject. */
export interface Verdict {
  readonly verdict: 'found' | 'clear' | 'insufficient-evidence' | 'not-applicable';
  readonly title: string;
  readonly summary: string;
  readonly nodes: readonly string[];
  readonly channel: string | null;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly evidence: readonly Evidence[];
}

/** An opinion about what was reconstructed: it gets the inputs it declares and nothing else. */
export interface Diagnosis<Input> {
  readonly slug: string;
  readonly severity: 'fault' | 'warning' | 'note';
  examine(input: Input): readonly Verdict[];
}
