import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Chromium } from './chromium.js';
import { gossipscope, scratchFolder } from './command-line.js';
import { assertWithin, machineSlowness } from './machine-speed.js';
import { ROOT } from './recordings.js';
import { skipWithout } from './requirements.js';
import { PATIENCE_MILLIS } from './until.js';

/** Scrolls to every chart and waits until it lives; how many live. */
const BRING_TO_LIFE = `(async () => {
  const figures = [...document.querySelectorAll('figure[data-chart]')];
  for (const figure of figures) {
    figure.scrollIntoView();
    for (const begun = performance.now(); performance.now() - begun < ${PATIENCE_MILLIS} && !figure.classList.contains('live'); )
      await new Promise((done) => setTimeout(done, 20));
  }
  return figures.filter((figure) => figure.classList.contains('live') && figure.querySelector('canvas') !== null).length;
})()`;

describe('the report in Chromium', { skip: skipWithout('chromium'), timeout: 5 * PATIENCE_MILLIS }, () => {
  let url: string;
  let report: string;
  let browser: Chromium;
  let slowness: number;
  before(async () => {
    const out = scratchFolder();
    assert.equal(gossipscope(['analyze', join(ROOT, 'captures', 'byfn-bootstrap-steps'), '--out', out, '--no-charts']).status, 0);
    report = readFileSync(join(out, 'report.html'), 'utf8');
    url = pathToFileURL(join(out, 'report.html')).href;
    browser = new Chromium();
    slowness = await machineSlowness();
    await browser.open(url);
  });
  after(() => browser.close());

  test('brings every chart to life', async () => {
    const charts = report.match(/<figure[^>]*data-chart=/g)?.length ?? 0;
    assert.ok(charts >= 4, `${charts} charts`);
    assert.equal(await browser.evaluate(BRING_TO_LIFE), charts);
  });

  test('says nothing on the console and asks for nothing but itself', () => {
    assert.deepEqual(browser.said, []);
    assert.deepEqual(
      browser.requested.filter((asked) => asked !== url && !asked.startsWith('data:')),
      [],
    );
  });

  test('is open within two seconds', async (t) => {
    const millis = await browser.evaluate('performance.getEntriesByType("navigation")[0].loadEventEnd');
    assert.ok(typeof millis === 'number' && millis > 0, `${millis} ms`);
    await assertWithin(t, millis, 2000, slowness);
  });

  test('reads without JavaScript: drawings, tables and sentences are to be seen', async () => {
    const plain = new Chromium();
    try {
      await plain.open(url, false);
      const seen = (await plain.evaluate(`({
        drawings: [...document.querySelectorAll('figure svg')].filter((e) => e.getBoundingClientRect().width > 300).length,
        rows: [...document.querySelectorAll('table tr')].filter((e) => e.getBoundingClientRect().height > 0).length,
        text: document.body.innerText,
      })`)) as { readonly drawings: number; readonly rows: number; readonly text: string };
      assert.ok(seen.drawings >= 4, `${seen.drawings} drawings`);
      assert.ok(seen.rows >= 10, `${seen.rows} rows`);
      for (const words of ['peer0.org1.example.com', 'Org2MSP', 'mychannel']) assert.ok(seen.text.includes(words), words);
    } finally {
      plain.close();
    }
  });
});
