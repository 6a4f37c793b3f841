import { createHash } from 'node:crypto';
import { embeddable } from '../document.js';
import { html, trusted, writeHtml } from '../html.js';
import { WAITING_WORDS } from './messages.js';
import { LIVE_SECTIONS, StandingNotes } from './picture.js';

/** The live page and the Content-Security-Policy it is to be served with. */
export interface LivePage {
  readonly text: string;
  readonly policy: string;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/**
 * The live page before anything was told: an empty place for every section, filled and kept by its script. Nothing in it runs or loads but the given script
 * and style and what its own server tells (W3C Content Security Policy Level 3).
 */
export function renderLivePage(parts: { readonly style: string; readonly script: string; readonly version: string }): LivePage {
  const style = embeddable(parts.style);
  const script = embeddable(parts.script);
  const shown = LIVE_SECTIONS.filter((s) => s.id !== 'verdict');
  const [present, ...others] = shown;
  const link = (id: string, title: string) => html`<li><a href="${`#${id}`}">${title}</a></li>`;
  const place = (id: string, title: string) =>
    html`<section id="${id}" aria-labelledby="${`${id}-title`}"><h2 id="${`${id}-title`}">${title}</h2><div data-section="${id}"><p class="s">Nothing yet.</p></div></section>
`;
  const page = html`<!DOCTYPE html>
<html lang="en" class="live-page">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${`gossipscope ${parts.version}`}">
<link rel="icon" href="data:,">
<title>Gossip, live</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the page</a>
<nav aria-label="Contents"><b>Contents</b><ol>${present === undefined ? html`` : link(present.id, present.title)}${link('feed-section', 'Events')}${others.map((s) => link(s.id, s.title))}</ol></nav>
<main id="main">
<header id="overview"><h1>Gossip in a Fabric network, live</h1>
<div id="status" class="status" role="status"><span id="state" class="state waiting">connecting</span> <span id="facts"></span></div>
<p id="waiting" class="waiting-note" hidden>${WAITING_WORDS}</p>
<ul id="troubles" class="troubles" hidden></ul>
<div data-section="verdict"></div>
<p class="s">All times are UTC as each source stamped them.<span class="moment"> <a href="report.html" target="_blank">Report of this moment</a> · <a href="analysis.json" target="_blank">analysis.json</a></span></p></header>
<div class="halves">
${present === undefined ? html`` : place(present.id, present.title)}<section id="feed-section" aria-labelledby="feed-title"><h2 id="feed-title">Events</h2>
<label class="filter">Only with <input type="search" id="feed-filter"> <output id="feed-count"></output></label>
<ol id="feed" class="feed" tabindex="0" aria-label="Events, newest first"></ol></section>
</div>
${others.map((s) => place(s.id, s.title))}</main>
<footer><p class="s">Shown by gossipscope ${parts.version} while it records. What this page lets go of stays in the recording.</p></footer>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return {
    text: writeHtml(page, new StandingNotes()),
    policy: `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}
