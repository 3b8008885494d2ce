import assert from 'node:assert/strict';
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';

import {folder, open, report, squall} from './opening.mjs';

const kHostile = '</script><img src=x onerror=alert(1)><svg onload=alert(2)>';
let single, several, hostile;

// The scenario of an outage, in which everything that may have a name is named `name`.
const hostileScenario = (name) => {
  const scenario = JSON.parse(squall('show', 'outage'));
  scenario.name = name;
  scenario.climate[0].name = name;
  scenario.providers.forEach((provider, i) => {
    provider.name = name + i;
    provider.models.forEach((model, k) => { model.name = name + i + k; });
  });
  scenario.climate[0].providers = [name + '0'];
  const file = join(folder, 'hostile.json');
  writeFileSync(file, JSON.stringify(scenario));
  return file;
};

before(() => {
  single = report('single', 'production-10k');
  several = report('several', 'outage', '--engine', 'none,naive_retry,squall');
  hostile = report('hostile', hostileScenario(kHostile));
});

const visit = (name, file, options, look) => test(name, async () => {
  const {page, wrong, close} = await open(file(), options);
  try {
    await look(page);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
  }
});

const charts = (page) => page.evaluate(() => [...document.querySelectorAll('figure')].map((f) => ({
  title: f.querySelector('figcaption b').textContent,
  svgs: f.querySelectorAll('.chart svg[role=img]').length,
  named: [...f.querySelectorAll('.chart svg[role=img]')].every((svg) =>
      svg.querySelector(':scope > title').textContent.length > 3 &&
      svg.querySelector(':scope > desc').textContent.length > 20),
  height: f.querySelector('.chart svg').getBoundingClientRect().height,
  rows: f.querySelectorAll('details.data table tbody tr').length,
})));

const checkCharts = (found, wanted) => {
  for (const title of wanted) {
    const all = found.filter((chart) => chart.title === title);
    assert.ok(all.length > 0, 'there is no chart "' + title + '"');
    for (const chart of all) {
      assert.equal(chart.svgs, 1, title);
      assert.ok(chart.named, title + ' has a text alternative');
      assert.ok(chart.height > 60, title + ' is drawn');
      assert.ok(chart.rows > 0, title + ' has its table');
    }
  }
};
const kCharts = ['How faulted requests ended', 'From fault to ending', 'Load', 'Amplification',
                 'Latency', 'Retry budget left', 'Latency by percentile',
                 'CPU time of diagnosis'];

visit('a report opens without an error or a request, and every chart has its words and its table',
      () => single, {}, async (page) => checkCharts(await charts(page), kCharts));

visit('without scripts everything is there, and stories open', () => single,
      {javaScriptEnabled: false}, async (page) => {
  assert.equal(await page.locator('.theme').isVisible(), false);
  const story = page.locator('.story').first();
  await story.locator('summary').click();
  assert.equal(await story.locator('ol > li').first().isVisible(), true);
  assert.ok(await page.locator('figure svg[role=img]').count() >= kCharts.length);
});

visit('several results stand side by side, each with its own charts', () => several, {},
      async (page) => {
  const found = await charts(page);
  assert.equal(found.filter((chart) => chart.title === 'Load').length, 3);
  checkCharts(found, ['How faulted requests ended', 'Load', 'Circuits', 'Latency by percentile']);
  const heads = await page.locator('#verdict ~ .scroll thead th').first().locator('..')
      .locator('th').allTextContents();
  assert.deepEqual(heads.map((head) => head.trim()), ['', 'none', 'naive_retry', 'squall']);
});

visit('names that are markup stay text', () => hostile, {}, async (page) => {
  assert.equal(await page.locator('h1').textContent(), kHostile);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('[onclick], [onload], [onerror]').count(), 0);
  const results = await page.evaluate(() => JSON.parse(document.getElementById('results').textContent));
  assert.equal(results[0].scenario, kHostile);
  assert.ok(await page.locator('#method').isVisible(), 'the page is whole');
});

const colours = (page) => page.evaluate(() => {
  const style = (selector, what) => getComputedStyle(document.querySelector(selector))[what];
  return {page: style('body', 'backgroundColor'), line: style('.ln.i-blue', 'stroke')};
});

for (const scheme of ['light', 'dark']) {
  visit('colours are those of a ' + scheme + ' page, and the button turns them', () => single,
        {colorScheme: scheme}, async (page) => {
    const light = {page: 'rgb(255, 255, 255)', line: 'rgb(0, 114, 178)'};
    const dark = {page: 'rgb(13, 17, 23)', line: 'rgb(86, 180, 233)'};
    assert.deepEqual(await colours(page), scheme === 'light' ? light : dark);
    await page.locator('.theme').click();
    assert.deepEqual(await colours(page), scheme === 'light' ? dark : light);
  });
}

for (const [name, file] of [['one result', () => single], ['several', () => several],
                            ['hostile names', () => hostile]]) {
  visit('360 px are wide enough for ' + name + ': the page does not scroll sideways', file,
        {viewport: {width: 360, height: 740}}, async (page) => {
    const widths = await page.evaluate(() => ({
      page: document.documentElement.scrollWidth, shown: innerWidth,
      small: [...document.querySelectorAll('figure svg text')]
          .some((text) => parseFloat(getComputedStyle(text).fontSize) < 11),
    }));
    assert.equal(widths.page, widths.shown);
    assert.equal(widths.small, false, 'words in charts keep their size');
  });
}

visit('the keyboard alone reaches a story, opens it and reads a chart', () => single, {},
      async (page) => {
  const press = async (most, until) => {
    for (let i = 0; i < most; ++i) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(until)) return;
    }
    assert.fail('not reached within ' + most + ' steps of the Tab key');
  };
  await press(120, () => document.activeElement.matches('figure[data-zoom] .chart'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const read = await page.locator('#tip').textContent();
  assert.match(read, /offered [\d.]+ · attempts [\d.]+ · goodput [\d.]+/);
  await press(200, () => document.activeElement.parentElement.matches('.story'));
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.parentElement.open), true);
});

visit('an example of why not leads to its story, and the search finds it', () => single, {},
      async (page) => {
  const link = page.locator('#why ~ .scroll a').first();
  const name = (await link.textContent()).trim();
  await link.click();
  const story = page.locator('.story[open]');
  await story.waitFor();
  assert.ok((await story.locator('summary').textContent()).includes(name));
  await page.locator('.find input').fill(name);
  assert.ok(await page.locator('.story:visible').count() >= 1);
  await page.locator('.find input').fill('no such words');
  assert.equal(await page.locator('.story:visible').count(), 0);
});

visit('dragging over one time line zooms all of them, and a double click comes back', () => single,
      {}, async (page) => {
  const boxes = () => page.evaluate(() => [...document.querySelectorAll('figure[data-zoom] .st')]
      .map((svg) => svg.getAttribute('viewBox').split(' ').slice(0, 3).map(Number)));
  const chart = page.locator('figure[data-zoom] .chart').first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, {steps: 4});
  await page.mouse.up();
  for (const [from, , width] of await boxes()) {
    assert.ok(from > 300 && from < 450 && width > 150 && width < 260, `${from} ${width}`);
  }
  await chart.dblclick();
  for (const [from, , width] of await boxes()) assert.deepEqual([from, width], [0, 1000]);
});

visit('a table is sorted by its heads, by keyboard too', () => single, {}, async (page) => {
  const table = page.locator('#faults ~ .scroll table.sort').first();
  const column = () => table.locator('tbody tr td:nth-child(2)').evaluateAll(
      (cells) => cells.map((cell) => Number(cell.dataset.v)));
  await table.locator('thead th:nth-child(2) button').focus();
  await page.keyboard.press('Enter');
  const down = await column();
  assert.deepEqual(down, [...down].sort((a, b) => b - a));
  await page.keyboard.press('Enter');
  assert.deepEqual(await column(), [...down].reverse());
});

test('a report of 10,000 calls is smaller than 1 MB and names no address', () => {
  assert.ok(statSync(single).size < 1e6, statSync(single).size + ' bytes');
  const text = readFileSync(single, 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
  assert.doesNotMatch(text, /(src|href)=["']?(https?:)?\/\//);
});
