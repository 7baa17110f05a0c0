// Tests of the public pages in Chromium: accessibility, valid HTML, keyboard, no JavaScript, no other hosts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { serve } from '../clients/server.mjs';
import { STATES, addReleases, launch } from './browser.mjs';
import { checkHtml } from './html_check.mjs';

/** Options for `test`: a time limit, so that no test hangs. */
const LIMITED = { timeout: 120_000 };

/** Rules of WCAG 2.2, levels A and AA, as axe tags them. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

let server, site, browser, pages;

before(async () => {
  // Browsers ask for a page again each time, and get 304.
  server = await serve({ DATELINE_CACHE_MAX_AGE: '0' });
  site = server.url.replace(/\/graphql$/, '');
  pages = await addReleases(server);
  browser = await launch();
});

/** Returns the address of a page. */
const addressOf = (name) => pages.find(([other]) => other === name)[1];

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs `use` with a page in a new context. Fails if the page sends a request to another host. */
async function withPage(options, use) {
  const context = await browser.newContext(options);
  const foreign = [];
  const problems = [];
  context.on('request', (request) => {
    if (!request.url().startsWith(`${site}/`) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // A missing page is an error on the console, too.
    if (message.type() === 'error' && !message.text().includes('status of 4')) problems.push(message.text());
  });
  try {
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(foreign, [], 'requests to other hosts');
  assert.deepEqual(problems, [], 'errors of the page');
}

for (const [state, options] of STATES) {
  test(`no page breaks a rule of WCAG 2.2 AA: ${state}`, LIMITED, async () => {
    await withPage(options, async (page) => {
      for (const [name, address] of pages) {
        await page.goto(site + address);
        // Folded lists are part of the page.
        await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
        const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(found, [], `${name}, ${state}`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name}, ${state}: ${overflow} px too wide`);
      }
    });
  });
}

test('the HTML of every page is valid', LIMITED, async () => {
  assert.deepEqual(await checkHtml(pages.map(([name, address]) => [name, site + address])), []);
});

test('a reader needs no JavaScript', LIMITED, async () => {
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(site);
    await page.getByRole('combobox', { name: 'Search' }).fill('child labour');
    await page.getByRole('button', { name: 'Search' }).click();
    assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /^Search: child labour$/);
    assert.ok((await page.locator('mark').count()) > 0, 'matches are marked');
    const before = await page.getByRole('status').innerText();
    await page.getByRole('navigation', { name: 'Filters' }).getByRole('link', { name: 'Statement' }).click();
    assert.notEqual(await page.getByRole('status').innerText(), before);
    const chosen = page.getByRole('list', { name: 'Chosen filters' });
    assert.equal(await chosen.getByRole('listitem').count(), 1);
    await chosen.getByRole('link').click();
    assert.equal(await page.getByRole('status').innerText(), before);
    const headline = await page.getByRole('heading', { level: 3 }).first().innerText();
    await page.getByRole('heading', { level: 3 }).first().getByRole('link').click();
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), headline);
    await page.locator('.facts').getByRole('link').first().click();
    assert.match(page.url(), /\/(topics|places)\//);
    await page.goBack();
    await page.goBack();
    assert.equal(await page.getByRole('status').innerText(), before);
  });
});

test('everything is reached by keyboard', LIMITED, async () => {
  await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
    await page.goto(site);
    await page.keyboard.press('Tab');
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
    assert.equal(await focused(), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    await page.goto(site);
    const seen = new Set();
    for (let step = 0; step < 200; step += 1) {
      await page.keyboard.press('Tab');
      const { key, isVisible } = await page.evaluate(() => {
        const element = document.activeElement;
        const { width, height } = element.getBoundingClientRect();
        return { key: `${element.tagName} ${element.getAttribute('href') ?? element.id}`, isVisible: width > 0 && height > 0 };
      });
      if (key.startsWith('BODY')) break;
      assert.ok(isVisible, `${key} has the focus and cannot be seen`);
      seen.add(key);
    }
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')]
      .filter((link) => link.checkVisibility() && !link.closest('details:not([open])'))
      .map((link) => `A ${link.getAttribute('href')}`));
    assert.deepEqual(links.filter((link) => !seen.has(link)), []);
    await page.getByRole('combobox', { name: 'Search' }).focus();
    await page.keyboard.type('labour');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=labour/);
  });
});

test('the search box suggests topics, places and headlines', LIMITED, async () => {
  await withPage({}, async (page) => {
    await page.goto(site);
    await page.getByRole('combobox', { name: 'Search' }).pressSequentially('child');
    await page.waitForFunction(() => document.querySelectorAll('#suggestions option').length > 0);
    const values = await page.locator('#suggestions option').evaluateAll((options) => options.map(({ value }) => value));
    assert.ok(values.includes('Child labour'), values.join(', '));
  });
});

test('a printed release is black on white and names its links', LIMITED, async () => {
  await withPage({ colorScheme: 'dark' }, async (page) => {
    await page.goto(site + addressOf('release'));
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const colors = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return [color, backgroundColor];
    });
    assert.deepEqual(colors, ['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
    assert.equal(await page.getByRole('search').isVisible(), false);
  });
});

test('a page that was not modified keeps its style', LIMITED, async () => {
  await withPage({}, async (page) => {
    const statuses = [];
    page.on('response', (response) => {
      if (response.url() === `${site}/`) statuses.push(response.status());
    });
    const width = () => page.locator('header').first().evaluate((header) => getComputedStyle(header).borderBottomWidth);
    await page.goto(site);
    const fresh = await width();
    await page.goto(`${site}/topics`);
    await page.goto(site);
    assert.equal(await width(), fresh);
    assert.equal(statuses.length, 2);
  });
});

test('a reader finds the results after choosing a filter', LIMITED, async () => {
  await withPage({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } }, async (page) => {
    await page.goto(site);
    await page.getByRole('link', { name: 'Filter this list' }).click();
    await page.getByRole('navigation', { name: 'Filters' }).getByRole('link', { name: 'Child labour' }).click();
    assert.match(page.url(), /topic=child-labour#results$/);
    assert.match(await page.getByRole('status').innerText(), /Topic: Child labour/);
  });
});

test('a machine finds feeds, formats and structured data from the pages', LIMITED, async () => {
  await withPage({}, async (page) => {
    for (const address of ['/', '/topics/child-labour', addressOf('release')]) {
      await page.goto(site + address);
      const alternates = await page.locator('link[rel=alternate]').evaluateAll((links) => links.map(({ href, type }) => ({ href, type })));
      assert.ok(alternates.length >= 3, address);
      for (const { href, type } of alternates) {
        const response = await fetch(href);
        assert.equal(response.status, 200, href);
        assert.ok(response.headers.get('content-type').startsWith(type), `${href}: ${response.headers.get('content-type')}`);
      }
      const data = JSON.parse(await page.locator('script[type="application/ld+json"]').innerText());
      assert.equal(data['@context'], 'https://schema.org');
    }
  });
});
