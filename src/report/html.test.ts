import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvidenceNotes } from './evidence-notes.js';
import { type Html, html, isNothing, join, nothing, scriptJson, spellUnseen, trusted, writeHtml } from './html.js';

const write = (markup: Html): string => writeHtml(markup, new EvidenceNotes());

test('text is escaped, markup made by the tag passes', () => {
  const name = '</script><img src=x onerror="alert(1)">&\'';
  assert.equal(
    write(html`<p>${name}${html`<b>${1}</b>`}</p>`),
    '<p>&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;<b>1</b></p>',
  );
});

test('an attribute can not be left by what stands in it', () => {
  assert.equal(write(html`<a title="${'" onclick="x'}">${'y'}</a>`), '<a title="&quot; onclick=&quot;x">y</a>');
});

test('a string in a tag outside quotes, or markup in an attribute, is a mistake of the template', () => {
  assert.throws(() => html`<a title=${'x'}>`, TypeError);
  assert.throws(() => html`<a title="${html`<b>`}">`, TypeError);
});

test('what looks like markup in data is no markup', () => {
  const forged = JSON.parse('{"0":"<b>","parts":["<b>"]}') as Html;
  assert.throws(() => write(html`<p>${forged}</p>`));
});

test('control and bidirectional characters are spelled out', () => {
  assert.equal(
    write(html`<p>${'\x1b[34mred\x1b[0m \u202egpj.exe \x00 \ud800 \u2028'}</p>`),
    '<p><i class="c">\\x1b[34m</i>red<i class="c">\\x1b[0m</i> <i class="c">\\u202e</i>gpj.exe <i class="c">\\x00</i> <i class="c">\\ud800</i> <i class="c">\\u2028</i></p>',
  );
  assert.equal(write(html`<a title="${'a\u202eb\x07'}"></a>`), '<a title="a\\u202eb\\x07"></a>');
});

test('no text, whatever it holds, leaves a character with a meaning or an unseen one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const inText = write(html`<p>${text}</p>`).slice(3, -4).replaceAll('<i class="c">', '').replaceAll('</i>', '');
      const inAttribute = write(html`<p title="${text}"></p>`).slice(10, -6);
      for (const written of [inText, inAttribute]) {
        assert.doesNotMatch(written, /[<>"']/);
        assert.doesNotMatch(written, /[^\P{Cc}\t\n]|\p{Cf}/u);
      }
    }),
  );
});

test('spelling leaves tab and line feed alone', () => {
  assert.equal(spellUnseen('a\tb\nc\rd'), 'a\tb\nc\\x0dd');
});

test('JSON in a script element can not end it', () => {
  const value = { text: '</script><!--\u2028\u2029' };
  const json = scriptJson(value);
  assert.doesNotMatch(json, /[<\u2028\u2029]/);
  assert.deepEqual(JSON.parse(json), value);
});

test('joining and emptiness', () => {
  assert.equal(write(join(['a', html`<b>b</b>`], html`<br>`)), 'a<br><b>b</b>');
  assert.ok(isNothing(nothing) && isNothing(html`${html``}`) && !isNothing(trusted('x')));
});
