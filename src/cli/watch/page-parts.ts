import { readFileSync } from 'node:fs';
import { type LivePage, renderLivePage } from '../../report/live/page.js';
import { toolVersion } from '../version.js';

const requireText = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** The live page from the product's own style sheets and script. */
export function readLivePage(): LivePage {
  const style = ['style.css', 'live/live.css'].map((name) => requireText(`../../../../src/report/${name}`)).join('\n');
  return renderLivePage({ style, script: requireText('../../report/live-page.js'), version: toolVersion() });
}
