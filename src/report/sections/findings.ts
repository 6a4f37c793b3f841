import type { Analysis, Finding } from '../../analysis/contract.js';
import { cite } from '../evidence-notes.js';
import { clockOf, nodeNames } from '../format.js';
import { type Html, html } from '../html.js';
import { table } from '../tables.js';
import { unknownNote } from '../unknown.js';
import type { Section } from './section.js';

const SEVERITY_RANK: Readonly<Record<Finding['severity'], number>> = { fault: 0, warning: 1, note: 2 };

const VERDICT_WORDS: Readonly<Record<Finding['verdict'], string>> = {
  found: 'found',
  clear: 'clear',
  'insufficient-evidence': 'not enough was read to decide',
  'not-applicable': 'does not apply here',
  errored: 'this check failed',
};

function foundHtml(analysis: Analysis, finding: Finding): Html {
  const clock = clockOf(analysis);
  const when = finding.from === null ? html`` : html` ${clock(finding.from)} to ${finding.to === null ? 'the end' : clock(finding.to)}.`;
  const where = finding.channel === null ? html`` : html` Channel ${finding.channel}.`;
  const nodes = finding.nodes.length === 0 ? html`` : html` ${nodeNames(finding.nodes)}.`;
  return html`<li class="finding ${finding.severity}"><h3><span class="tag">${finding.severity}</span> ${finding.title}</h3>
<p>${finding.summary}${cite(finding.evidence)}</p><p class="s"><code>${finding.diagnosis}</code>.${where}${nodes}${when}</p></li>`;
}

/** What the diagnoses say: what was found first, then what was asked and answered otherwise. */
export const findingsSection: Section = {
  id: 'findings',
  title: 'Findings',
  render: (analysis) => {
    const found = analysis.findings.filter((f) => f.verdict === 'found').sort((a, b) => SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity]);
    const others = analysis.findings.filter((f) => f.verdict !== 'found');
    if (analysis.findings.length === 0) {
      return unknownNote('a diagnosis', 'No check was run on these sources.', 'give logs and captures from before the first container starts');
    }
    return html`${found.length === 0 ? html`<p>No check found anything.</p>` : html`<ul class="findings">${found.map((f) => foundHtml(analysis, f))}</ul>`}
${
  others.length === 0
    ? html``
    : table({
        caption: 'The other checks',
        noun: 'checks',
        columns: [{ title: 'Check' }, { title: 'Verdict' }, { title: 'Why' }],
        rows: others.map((f) => [
          html`${f.title}`,
          VERDICT_WORDS[f.verdict],
          html`${f.summary}${f.channel === null ? '' : ` (channel ${f.channel})`}${cite(f.evidence)}`,
        ]),
      })
}`;
  },
};
