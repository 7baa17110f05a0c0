// Tests of the dashboard in Chromium: an analyst's journey, files, copies, keyboard, updates, frames, print.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { serve } from '../clients/server.mjs';
import { addReleases, launch } from './browser.mjs';

/** Options for `test`: a time limit, so that no test hangs. */
const LIMITED = { timeout: 120_000 };

let server, site, browser, other, otherUrl;

before(async () => {
  other = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Other site</title><iframe src="${site}${request.url}" width="600" height="500"></iframe>`);
  });
  await new Promise((done) => other.listen(0, '127.0.0.1', done));
  otherUrl = `http://127.0.0.1:${other.address().port}`;
  server = await serve({ DATELINE_CACHE_MAX_AGE: '0', DATELINE_EMBED_FRAME_ANCESTORS: otherUrl });
  site = server.url.replace(/\/graphql$/, '');
  await addReleases(server);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  other?.close();
});

/** Runs `use` with a page in a new context. Fails if the page reports an error. */
async function withPage(options, use) {
  const context = await browser.newContext(options);
  const problems = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  try {
    await use(page, context);
  } finally {
    await context.close();
  }
  assert.deepEqual(problems, [], 'errors of the page');
}

const panel = (page, name) => page.getByRole('region', { name, exact: true });

/** Returns the text of a file that a click on a link saves. */
async function saved(page, click) {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Returns the rows of a table as lists of texts. */
const rows = (table) => table.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map(({ textContent }) => textContent)));

/** Returns the records of a CSV file without quotes as lists of texts. */
const records = (bytes) => bytes.toString('utf8').replace(/^\ufeff/, '').trim().split('\r\n').map((line) => line.split(','));

test('an analyst goes from what changed this month to a file and a query with the same numbers', LIMITED, async () => {
  await withPage({ acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await page.goto(site);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Dashboard' }).click();
    await page.getByRole('link', { name: 'This month', exact: true }).click();
    assert.match(page.url(), /\/dashboard\?period=this-month$/);
    const topics = panel(page, 'Topics');
    await topics.getByText('Table', { exact: false }).first().click();
    const shown = await rows(topics.getByRole('table'));
    assert.ok(shown.length > 3, 'topics of this month');
    await topics.getByText('Download, embed, query').click();
    const spreadsheet = await saved(page, () => topics.getByRole('link', { name: 'CSV for spreadsheets' }).click());
    assert.equal(spreadsheet.name, 'topics.csv');
    assert.deepEqual([...spreadsheet.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const [header, ...lines] = records(spreadsheet.bytes);
    const column = (name) => header.indexOf(name);
    const numbers = (line) => [line[column('label')], line[column('count')], line[column('before')], line[column('change')]];
    const read = shown.map(([label, count, , earlier, change]) => [label, count, earlier, change.replace('\u2212', '-').replace('+', '')]);
    assert.deepEqual(lines.slice(0, shown.length).map(numbers), read);
    // The query that is copied returns the same numbers.
    const copied = async (name) => {
      await topics.getByRole('button', { name }).click();
      await page.waitForFunction(() => document.getElementById('live').textContent === 'Copied.');
      await page.evaluate(() => { document.getElementById('live').textContent = ''; });
      return page.evaluate(() => navigator.clipboard.readText());
    };
    const body = JSON.stringify({ query: await copied('Copy query'), variables: JSON.parse(await copied('Copy variables')) });
    const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined);
    const { buckets } = data.current.facets.topics;
    const earlier = new Map(data.before.facets.topics.buckets.map(({ key, count }) => [key, count]));
    assert.deepEqual(buckets.map(({ key, label, count }) => [label, `${count}`, `${earlier.get(key) ?? 0}`]), read.map((row) => row.slice(0, 3)));
    // A click on a mark filters, and a click on a number lists the releases.
    const [first] = shown[0];
    await topics.getByRole('link', { name: new RegExp(`${first}.*release`) }).first().click();
    assert.match(page.url(), /topic=/);
    assert.match(await page.locator('#state').innerText(), new RegExp(`Topic: .*${first}`, 's'));
    await page.goBack();
    await page.goForward();
    const total = await page.locator('#state').getByRole('link').first().innerText();
    await page.locator('#state').getByRole('link').first().click();
    assert.equal(await page.getByRole('heading', { level: 2 }).first().innerText(), total);
  });
});

test('charts are saved as SVG and PNG', LIMITED, async () => {
  await withPage({ acceptDownloads: true, colorScheme: 'dark' }, async (page) => {
    await page.goto(`${site}/dashboard?period=all`);
    for (const name of ['Releases over time', 'Topics', 'Topics over time']) {
      const section = panel(page, name);
      await section.getByText('Download, embed, query').click();
      const svg = await saved(page, () => section.getByRole('link', { name: 'SVG' }).click());
      assert.match(svg.name, /\.svg$/);
      assert.match(svg.bytes.toString('utf8'), /^<\?xml.*\n<svg /);
      const png = await saved(page, () => section.getByRole('button', { name: 'PNG' }).click());
      assert.match(png.name, /\.png$/);
      assert.deepEqual([...png.bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
      // The width is that of the SVG, twice.
      assert.equal(png.bytes.readUInt32BE(16), 1440);
    }
  });
});

test('an analyst needs no JavaScript', LIMITED, async () => {
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${site}/dashboard`);
    await page.getByText('Dates, interval and filters').click();
    await page.getByLabel('First day').fill('2006-01-01');
    await page.getByLabel('Last day').fill('2006-12-31');
    await page.getByLabel('Kind', { exact: true }).selectOption('Press release');
    await page.getByLabel('Topic', { exact: true }).selectOption('Child labour');
    await page.getByRole('button', { name: 'Apply' }).click();
    assert.match(await page.locator('#state').innerText(), /1 January to 31 December 2006/);
    const chosen = page.getByRole('list', { name: 'Chosen filters' }).getByRole('listitem');
    assert.equal(await chosen.count(), 2);
    await chosen.first().getByRole('link').click();
    assert.equal(await chosen.count(), 1);
    // The dates were chosen, so they stay.
    assert.match(await page.locator('#state').innerText(), /1 January to 31 December 2006/);
    assert.equal(await page.getByRole('button', { name: /Copy|PNG/ }).count(), 0, 'no button without effect');
    // The form keeps a period that was not changed.
    await page.goto(`${site}/dashboard?period=this-year`);
    await page.getByText('Dates, interval and filters').click();
    await page.getByLabel('Kind', { exact: true }).selectOption('Speech');
    await page.getByRole('button', { name: 'Apply' }).click();
    assert.equal(await page.getByRole('link', { name: 'This year', exact: true }).getAttribute('aria-current'), 'true');
  });
});

test('every mark and table is reached by keyboard, and marks can be skipped', LIMITED, async () => {
  await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
    await page.goto(`${site}/dashboard`);
    const skip = panel(page, 'Releases over time').getByRole('link', { name: 'Skip the marks of this chart' });
    await skip.focus();
    assert.ok((await skip.boundingBox()).x >= 0, 'the link is seen when it has the focus');
    await page.keyboard.press('Tab');
    const name = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    assert.match(await name(), /^\w+ 20\d\d: \d+ releases?/);
    await skip.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Table: Releases over time');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await name(), 'Table: Releases over time');
    const seen = new Set();
    for (let step = 0; step < 400; step += 1) {
      await page.keyboard.press('Tab');
      const key = await page.evaluate(() => {
        const element = document.activeElement;
        return element === document.body ? '' : `${element.tagName} ${element.getAttribute('href') ?? element.id}`;
      });
      if (key === '') break;
      seen.add(key);
    }
    assert.ok([...seen].some((key) => key.startsWith('a /dashboard?kind=')), 'marks of the last charts');
  });
});

test('the page follows changes and keeps what is open', LIMITED, async () => {
  await withPage({}, async (page) => {
    await page.goto(`${site}/dashboard?period=all`);
    const count = async () => Number((await page.locator('#state').innerText()).match(/^(\d+) release/)[1]);
    const previous = await count();
    const topics = panel(page, 'Topics');
    await topics.getByText('Table', { exact: false }).first().click();
    const run = async (query, variables) => (await (await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${server.token}` },
      body: JSON.stringify({ query, variables }),
    })).json()).data;
    const { releaseCreate } = await run('mutation { releaseCreate(input: { headline: "News", releaseDate: "2006-05-08" }) { release { id } } }');
    await run('mutation($id: ID!) { releasePublish(id: $id, expectedRevision: 1) { release { id } } }', { id: releaseCreate.release.id });
    await page.waitForFunction((number) => document.getElementById('state').textContent.includes(`${number} releases`), previous + 1);
    assert.equal(await page.locator('#live').innerText(), 'Updated.');
    assert.equal(await topics.locator('#topics-table').getAttribute('open'), '', 'the table stays open');
    assert.equal(await count(), previous + 1);
    // The new parts work, too.
    await topics.getByText('Download, embed, query').click();
    assert.ok(await topics.getByRole('button', { name: 'Copy query' }).isVisible());
  });
});

test('numbers and instants are those of the locale of the reader', LIMITED, async () => {
  await withPage({ locale: 'de-CH', timezoneId: 'Asia/Tokyo' }, async (page) => {
    await page.goto(`${site}/dashboard?period=all`);
    const time = page.locator('#as-of time');
    assert.match(await time.innerText(), /^\d+\. \p{L}+ 20\d\d/u);
    // The zone is that of the dashboard.
    assert.match(await time.innerText(), /UTC$/);
    assert.equal(await time.getAttribute('lang'), 'de-CH');
  });
  await withPage({ locale: 'de-DE' }, async (page) => {
    await page.goto(`${site}/dashboard`);
    // The rising topics have an expected number with a decimal.
    const text = await panel(page, 'Rising topics').locator('figcaption').innerText();
    assert.match(text, /\d,\d were expected/);
  });
});

test('a chart is shown in a frame of a site that the setting names, and nothing else is', LIMITED, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${otherUrl}/embed/topics?period=all`);
  const frame = page.frames()[1];
  assert.equal(await frame.getByRole('heading', { level: 1 }).innerText(), 'Topics');
  assert.ok((await frame.locator('svg rect.bar').count()) > 5);
  assert.deepEqual(await context.cookies(), []);
  await page.goto(`${otherUrl}/dashboard`);
  assert.equal(await page.frames()[1].locator('#dashboard').count(), 0, 'the dashboard is not in frames');
  await context.close();
});

test('a printed dashboard is black on white, and its charts are whole', LIMITED, async () => {
  await withPage({ colorScheme: 'dark' }, async (page) => {
    await page.goto(`${site}/dashboard?period=all`);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const style = (selector, property) => page.locator(selector).first().evaluate((element, name) => getComputedStyle(element)[name], property);
    assert.equal(await style('body', 'backgroundColor'), 'rgb(255, 255, 255)');
    assert.equal(await style('.columns-chart .tick', 'fill'), 'rgb(51, 51, 51)');
    assert.equal(await style('figure', 'breakInside'), 'avoid');
    assert.equal(await page.locator('.controls').first().isVisible(), false);
  });
});
