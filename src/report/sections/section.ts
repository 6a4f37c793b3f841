import type { Analysis } from '../../analysis/contract.js';
import { type Html, html } from '../html.js';

/** One section of the document. `charts` are the figures that belong to it, ready to be placed. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly render: (analysis: Analysis, charts: Html) => Html;
}

/** A heading for each of several channels; none where there is only one to speak of. */
export function channelHeading(analysis: Analysis, name: Html): Html {
  return analysis.channels.length > 1 ? html`<h3>Channel ${name}</h3>` : html``;
}
