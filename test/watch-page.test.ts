import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LiveServer } from '../src/cli/watch/live-server.js';
import { LiveShow } from '../src/cli/watch/live-show.js';
import { readLivePage } from '../src/cli/watch/page-parts.js';
import { endlessNetwork } from './builders/endless-network.js';
import { replay, stepsOf } from './builders/replay.js';
import { Chromium } from './chromium.js';
import { assertWithin, machineSlowness } from './machine-speed.js';
import { ROOT } from './recordings.js';
import { skipWithout } from './requirements.js';
import { PATIENCE_MILLIS } from './until.js';

const PAGE = readLivePageOnce();

function readLivePageOnce(): () => ReturnType<typeof readLivePage> {
  let page: ReturnType<typeof readLivePage> | null = null;
  return () => {
    page ??= readLivePage();
    return page;
  };
}

/** A show and its server on `port`; 0 for a free one. */
async function serve(port: number): Promise<{ readonly show: LiveShow; readonly server: LiveServer; close(): Promise<void> }> {
  const show = new LiveShow({ toolVersion: '0.0.0-test', page: PAGE() });
  const server = new LiveServer({ host: '127.0.0.1', port, content: show.content });
  await server.start();
  show.start((update) => server.publish(update));
  return {
    show,
    server,
    close: async () => {
      await show.close();
      await server.close();
    },
  };
}

/** Waits in the page until `condition` holds; true, or false when patience has run out. */
const waitInPage = (condition: string): string => `(async () => {
  const begun = performance.now();
  while (performance.now() - begun < ${PATIENCE_MILLIS}) {
    if (${condition}) return true;
    await new Promise((done) => setTimeout(done, 10));
  }
  return false;
})()`;

/** Fails unless `condition` comes true in the page. */
async function seen(browser: Chromium, condition: string): Promise<void> {
  assert.equal(await browser.evaluate(waitInPage(condition)), true, `waited in vain: ${condition}`);
}

const hasEntry = (words: string): string => `document.getElementById('feed').textContent.includes(${JSON.stringify(words)})`;
const IDS = `[...document.querySelectorAll('#feed li')].map((e) => Number(e.dataset.id))`;

/** Once what was scrolled or changed has been laid out: the first event in sight of the feed, and the pixels from the feed's top to its own. */
const TOP_OF_FEED = `(async () => {
  const feed = document.getElementById('feed');
  const look = () => {
    const top = feed.getBoundingClientRect().top;
    const first = [...feed.children].find((e) => e.getBoundingClientRect().bottom > top + 1);
    return { id: first.dataset.id, pixels: Math.round(first.getBoundingClientRect().top - top) };
  };
  // Heights of rows that were never in sight are guesses; they are put right over some frames.
  for (let last = '', same = 0; same < 5; last = JSON.stringify(look())) {
    await new Promise((done) => requestAnimationFrame(done));
    same = JSON.stringify(look()) === last ? same + 1 : 0;
  }
  return look();
})()`;

let counter = 0x9000;
/** One more line of a peer, stamped now. */
function line(words: string): Buffer {
  const now = new Date().toISOString();
  counter += 1;
  return Buffer.from(`${now} ${now.slice(0, 10)} ${now.slice(11, 23)} UTC [gossip.privdata] StoreBlock -> INFO ${counter.toString(16)} ${words}\n`);
}
const PEER = { id: 'p', name: 'eve.red.net' };
const say = (show: LiveShow, block: number, channel = 'mychannel'): void =>
  show.log('logs/eve.log', PEER, line(`[${channel}] Received block [${block}] from buffer`));

const mistakes = (browser: Chromium): readonly string[] => browser.said.filter((said) => !/"source":"(?:network|rendering)"/.test(said));

describe('the live page in Chromium', { skip: skipWithout('chromium'), timeout: 5 * PATIENCE_MILLIS }, () => {
  let live: Awaited<ReturnType<typeof serve>>;
  const browsers: Chromium[] = [];
  const browse = async (url: string): Promise<Chromium> => {
    const browser = new Chromium();
    browsers.push(browser);
    await browser.open(url);
    await seen(browser, `!/^connect/.test(document.getElementById('state').textContent)`);
    return browser;
  };
  before(async () => {
    live = await serve(0);
  });
  after(async () => {
    for (const browser of browsers) browser.close();
    await live.close();
  });

  test('before there is a network the page says what to do, and nothing of what is missing', async () => {
    const waiting = await serve(0);
    const browser = await browse(waiting.server.url);
    waiting.show.told('marks.ndjson', '{"at":"2030-01-01T00:00:00Z","text":"soon"}\n');
    await seen(browser, hasEntry('soon'));
    // A picture would come now, if there were one.
    await new Promise((done) => setTimeout(done, 1_500));
    const shown = String(await browser.evaluate('document.body.innerText'));
    assert.match(shown, /waiting for a network/);
    assert.match(shown, /Waiting for a Fabric network\. Start it now, for example: \.\/byfn\.sh up/);
    assert.doesNotMatch(shown, /Undecided|docker logs|To record it|Nothing yet/);
    say(waiting.show, 1);
    await seen(browser, `document.getElementById('waiting').hidden`);
    await seen(browser, `document.getElementById('feed').offsetParent !== null`);
    assert.deepEqual(mistakes(browser), []);
    browser.close();
    await waiting.close();
  });

  test('shows the first picture within two seconds of attaching, with history pouring in', async (t) => {
    const browser = await browse(live.server.url);
    const slowness = await machineSlowness();
    const steps = stepsOf(join(ROOT, 'captures', 'byfn-bootstrap-steps'));
    const begun = performance.now();
    const told = replay(steps, live.show, 1e6);
    await seen(browser, `document.querySelector('[data-section="present"]').textContent.includes('Org1MSP')`);
    const millis = performance.now() - begun;
    await told;
    await assertWithin(t, millis, 2_000, slowness);
    await seen(browser, `document.querySelector('#present').textContent.includes('peer0.org2.example.com')`);
    assert.deepEqual(browser.said, []);
    assert.deepEqual(
      browser.requested.filter((asked) => !asked.startsWith(live.server.url) && !asked.startsWith('data:')),
      [],
    );
  });

  test('an event is on the page within half a second of its line, also while pictures are made', async (t) => {
    const browser = await browse(live.server.url);
    const slowness = await machineSlowness();
    const waits: number[] = [];
    for (let block = 9_001; block < 9_012; block++) {
      const waiting = seen(browser, hasEntry(`received block ${block} on`));
      const begun = performance.now();
      say(live.show, block);
      await waiting;
      waits.push(performance.now() - begun);
      await new Promise((done) => setTimeout(done, 100));
    }
    const median = waits.toSorted((a, b) => a - b)[5] as number;
    await assertWithin(t, median, 500, slowness, `All: ${waits.map(Math.round).join(', ')}`);
  });

  test('draws charts that are in sight, brings them up to date in place and keeps hidden what was hidden', async () => {
    const browser = await browse(live.server.url);
    await seen(browser, `document.querySelector('#leaders figure') !== null`);
    await browser.evaluate(`document.querySelector('#leaders figure').scrollIntoView()`);
    await seen(browser, `document.querySelector('#leaders figure canvas') !== null`);
    // Bars of leaders are all that has colour in this chart, once its legend is left out.
    await browser.evaluate(`(() => {
      window.kept = document.querySelector('#leaders figure canvas');
      window.before = window.kept.toDataURL();
      window.coloured = () => {
        const { data } = window.kept.getContext('2d').getImageData(0, 140, window.kept.width, window.kept.height - 140);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) count += 1;
        return count;
      };
      const box = window.kept.getBoundingClientRect();
      const scale = box.width / window.kept.width;
      window.clickLegend = () => window.kept.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: box.left + 118 * scale, clientY: box.top + 80 * scale }));
    })()`);
    await seen(browser, 'window.coloured() > 500');
    await browser.evaluate('window.clickLegend(); 1');
    await seen(browser, 'window.coloured() === 0');
    await browser.evaluate('window.before = window.kept.toDataURL(); 1');
    say(live.show, 9_100);
    await seen(browser, `window.kept.toDataURL() !== window.before`);
    assert.equal(await browser.evaluate(`document.querySelector('#leaders figure canvas') === window.kept`), true);
    assert.equal(await browser.evaluate('window.coloured()'), 0);
    assert.deepEqual(mistakes(browser), []);
  });

  test('what the reader did stays: open details, a sorted table, scroll and focus', async () => {
    const browser = await browse(live.server.url);
    await browser.evaluate(`(() => {
      const table = document.querySelector('#present table.plain');
      table.querySelector('th:nth-child(1) button').click();
      table.querySelector('th:nth-child(1) button').click();
      document.querySelector('details').open = true;
      table.querySelector('th:nth-child(1) button').focus();
      document.getElementById('feed').scrollTop = 40;
      window.details = document.querySelector('details');
      window.firstPeer = table.tBodies[0].rows[0].textContent;
    })()`);
    const read = (await browser.evaluate(TOP_OF_FEED)) as { readonly id: string; readonly pixels: number };
    const before = await browser.evaluate(`document.querySelector('#present').textContent`);
    say(live.show, 9_200);
    await seen(browser, hasEntry('received block 9200 '));
    await seen(browser, `document.querySelector('#present').textContent !== ${JSON.stringify(before)}`);
    const kept = (await browser.evaluate(`(() => {
      const table = document.querySelector('#present table.plain');
      const names = [...table.tBodies[0].rows].map((r) => r.cells[0].textContent);
      return { open: window.details.isConnected && window.details.open, names, sort: table.querySelector('th').getAttribute('aria-sort'),
        focus: document.activeElement.tagName };
    })()`)) as { readonly open: boolean; readonly names: readonly string[]; readonly sort: string; readonly focus: string };
    assert.ok(kept.open);
    assert.equal(kept.sort, 'descending');
    assert.deepEqual(kept.names, [...kept.names].sort().reverse());
    assert.equal(kept.focus, 'BUTTON');
    const still = (await browser.evaluate(TOP_OF_FEED)) as typeof read;
    assert.ok(still.id === read.id && Math.abs(still.pixels - read.pixels) <= 3, JSON.stringify([read, still]));
  });

  test('a fact shows its lines', async () => {
    const browser = await browse(live.server.url);
    await seen(browser, `document.querySelector('#leaders a.e') !== null`);
    await browser.evaluate(`document.querySelector('#leaders a.e').click()`);
    await seen(browser, `document.querySelector('.note:popover-open code') !== null`);
  });

  test('two browsers see the same; a reload shows the same again', async () => {
    const [one, two] = [await browse(live.server.url), await browse(live.server.url)];
    say(live.show, 9_300);
    for (const browser of [one, two]) await seen(browser, hasEntry('received block 9300 '));
    const ids = await one.evaluate(IDS);
    assert.deepEqual(await two.evaluate(IDS), ids);
    await one.open(live.server.url);
    await seen(one, hasEntry('received block 9300 '));
    assert.deepEqual(await one.evaluate(IDS), ids);
  });

  test('a connection that breaks again and again loses and repeats nothing', async () => {
    const browser = await browse(live.server.url);
    await seen(browser, `document.querySelectorAll('#feed li').length > 0`);
    for (let i = 0; i < 60; i++) {
      say(live.show, 10_000 + i, 'broken');
      if (i % 20 === 10) live.server.dropClients();
      await new Promise((done) => setTimeout(done, 40));
    }
    await seen(browser, hasEntry('received block 10059 '));
    const texts = (await browser.evaluate(
      `[...document.querySelectorAll('#feed li')].map((e) => e.textContent).filter((t) => t.includes('on broken'))`,
    )) as readonly string[];
    assert.equal(texts.length, 60);
    const ids = (await browser.evaluate(IDS)) as readonly number[];
    assert.equal(new Set(ids).size, ids.length);
    await seen(browser, `document.getElementById('state').textContent === 'recording'`);
    assert.deepEqual(mistakes(browser), []);
  });

  test('names and texts of the input are shown as text', async () => {
    const browser = await browse(live.server.url);
    const hostile = '<img src=x onerror=alert(1)>';
    live.show.log('logs/<b>.log', { id: 'h', name: '<script>alert(2)</script>' }, line(`[${hostile}] Received block [1] from buffer`));
    live.show.told('marks.ndjson', `${JSON.stringify({ at: new Date().toISOString(), text: '</script><script>alert(3)</script>' })}\n`);
    await seen(browser, hasEntry('alert(3)'));
    await new Promise((done) => setTimeout(done, 1_500));
    const found = await browser.evaluate(`document.querySelectorAll('main img, main script, main b.hostile').length`);
    assert.equal(found, 0);
    assert.deepEqual(mistakes(browser), []);
  });

  test('works with more events than it keeps', async () => {
    const browser = await browse(live.server.url);
    for (let i = 0; i < 1_500; i++) say(live.show, 20_000 + i, 'many');
    await seen(browser, hasEntry('received block 21499 '));
    const ids = (await browser.evaluate(IDS)) as readonly number[];
    assert.ok(ids.length <= 1_000 && ids.length > 900, `${ids.length}`);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('another server on the same port starts the page anew; the end of a recording is said and stays said', async () => {
    const first = await serve(0);
    for (const { path, container, lines } of [...endlessNetwork({ hours: 0.01, blockSeconds: 5 })])
      first.show.log(path, container, Buffer.from(lines));
    const browser = await browse(first.server.url);
    await seen(browser, hasEntry('on endless'));
    await first.close();
    await seen(browser, `document.getElementById('state').textContent.startsWith('disconnected')`);
    const second = await serve(first.server.port);
    say(second.show, 77, 'anew');
    await seen(browser, hasEntry('received block 77 on anew'));
    assert.equal(await browser.evaluate(hasEntry('on endless')), false);
    await second.show.finish();
    second.show.reported('reports/x/report.html');
    await seen(browser, `document.getElementById('status').textContent.includes('the recording has ended')`);
    await second.close();
    await new Promise((done) => setTimeout(done, 1_500));
    const status = await browser.evaluate(`document.getElementById('status').textContent`);
    assert.match(String(status), /the recording has ended.*reports\/x\/report\.html/);
    assert.deepEqual(mistakes(browser), []);
  });
});
