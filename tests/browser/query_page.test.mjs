// Tests of the basic query page in Chromium: accessibility, completion by keyboard, queries, subscriptions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { serve } from '../clients/server.mjs';
import { STATES, launch } from './browser.mjs';
import { checkHtml } from './html_check.mjs';

const LIMITED = { timeout: 120_000 };
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let server, browser;

before(async () => {
  // The profile has no GraphiQL and no introspection for the public. The second setting shows the schema.
  server = await serve({ DATELINE_PROFILE: 'hardened', DATELINE_INTROSPECTION: 'true', DATELINE_RATE_PUBLIC_PER_MINUTE: '0' });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Opens the page in a new context. Fails if the page has an error or sends a request to another host. */
async function withPage(options, use, { url } = server) {
  const site = url.replace(/\/graphql$/, '');
  const context = await browser.newContext(options);
  const problems = [];
  context.on('request', (request) => {
    if (!request.url().startsWith(`${site}/`) && !request.url().startsWith('data:')) problems.push(request.url());
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 4')) problems.push(message.text());
  });
  try {
    await page.goto(`${site}/graphiql`);
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(problems, [], 'errors of the page and requests to other hosts');
}

const ready = (page) => page.locator('#schema details').first().waitFor();

/** Writes a query. The character | is the position of the cursor. */
async function write(page, query) {
  await page.locator('#query').fill(query.replace('|', ''));
  await page.locator('#query').focus();
  await page.evaluate((at) => document.getElementById('query').setSelectionRange(at, at), query.indexOf('|'));
}

/** Returns the names of all suggestions. The list shows a part of them, so this moves through them. */
async function options(page) {
  const names = [];
  const total = Number(await page.locator('#suggestions [role=option]').first().getAttribute('aria-setsize', { timeout: 500 }).catch(() => 0));
  for (let at = 0; at < total; at += 1) {
    names.push(await page.locator('#suggestions [aria-selected=true] .name').textContent());
    await page.keyboard.press('ArrowDown');
  }
  return names;
}

const announced = (page) => page.locator('#completion-status').textContent();

for (const [state, contextOptions] of STATES) {
  test(`the page breaks no rule of axe: ${state}`, LIMITED, async () => {
    await withPage(contextOptions, async (page) => {
      await ready(page);
      const check = async (moment) => {
        const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(found, [], moment);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${moment}: ${overflow} px too wide`);
      };
      await check('at the start');
      await page.locator('#run').click();
      await page.locator('#status', { hasText: 'Answered (200)' }).waitFor();
      await page.locator('#schema summary').first().click();
      await write(page, '{ releases { nodes { | } } }');
      await page.keyboard.press('Control+Space');
      await page.locator('#suggestions').waitFor();
      await check('with a response and suggestions');
    });
  });
}

test('names are completed by keyboard', LIMITED, async () => {
  await withPage({}, async (page) => {
    await ready(page);
    const query = page.locator('#query');
    await write(page, '{ releases { nodes { | } } }');
    await page.keyboard.type('he');
    assert.deepEqual((await options(page)).slice(0, 1), ['headline']);
    assert.match(await announced(page), /headline/);
    assert.equal(await query.getAttribute('aria-activedescendant'), 'suggestion-0');
    assert.equal(await page.locator('[aria-selected=true]').getAttribute('id'), 'suggestion-0');
    await page.keyboard.press('Enter');
    assert.equal(await query.inputValue(), '{ releases { nodes { headline } } }');
    assert.ok(await page.locator('#suggestions').isHidden());

    await write(page, '{ releases { nodes { release| } } }');
    await page.keyboard.press('Control+Space');
    const names = await options(page);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.match(await announced(page), new RegExp(`^${names.at(-1)}.*, ${names.length} of ${names.length}$`));
    await page.keyboard.press('Escape');
    assert.ok(await page.locator('#suggestions').isHidden());
    assert.equal(await query.getAttribute('aria-activedescendant'), null);
    assert.equal(await query.inputValue(), '{ releases { nodes { release } } }');
    // Without suggestions, Tab leaves the text area. The browser can undo an insertion.
    await page.keyboard.press('Control+Space');
    await page.keyboard.press('Tab');
    assert.equal(await query.inputValue(), `{ releases { nodes { ${names[0]} } } }`);
    await page.keyboard.press('Control+Z');
    assert.equal(await query.inputValue(), '{ releases { nodes { release } } }');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.ok(!(await query.evaluate((area) => area === document.activeElement)));
  });
});

test('suggestions fit the position of the cursor', LIMITED, async () => {
  await withPage({}, async (page) => {
    await ready(page);
    for (const [query, included, excluded] of [
      ['|', 'mutation', 'releases'],
      ['{ | }', 'releaseStats', 'releaseCreate'],
      ['mutation { | }', 'releaseCreate', 'releases'],
      ['{ a: releases(|) { totalCount } }', 'filter', 'totalCount'],
      ['{ releases(filter: { | }) { totalCount } }', 'kinds', 'first'],
      ['{ releases(filter: { kinds: [|] }) { totalCount } }', 'PRESS_RELEASE', 'kinds'],
      ['{ releases(filter: { kinds: [SPEECH], | }) { totalCount } }', 'topics', 'SPEECH'],
      ['{ releases(filter: { topics: { any: [{ | }] } }) { totalCount } }', 'slug', 'any'],
      ['{ releases(first: 2) { nodes { topics { name } | } } }', 'headline', 'name'],
      ['{ releases { # { topics\n nodes { body { | } } } }', 'markdown', 'headline'],
      ['{ releases { nodes { headline @include(if: true) | } } }', 'summary', 'if'],
      ['{ release(ref: {slug: "a } b"}) { ... on Release { | } } }', 'headline', 'releases'],
      ['fragment F on Topic { | } { releases { totalCount } }', 'narrower', 'releaseStats'],
      ['query($filter: |) { releases { totalCount } }', 'ReleaseFilter', 'Release'],
    ]) {
      await write(page, query);
      await page.keyboard.press('Control+Space');
      const names = await options(page);
      assert.ok(names.includes(included) && !names.includes(excluded), `${query}: ${names}`);
      await page.keyboard.press('Escape');
    }
    for (const query of ['{ releases(search: {text: "|"}) { totalCount } }', '{ # |', 'query($|) { viewer { name } }']) {
      await write(page, query);
      await page.keyboard.press('Control+Space');
      assert.deepEqual([await options(page), await announced(page)], [[], 'No suggestions here.'], query);
    }
  });
});

test('queries, mutations and subscriptions run', LIMITED, async () => {
  await withPage({}, async (page) => {
    await ready(page);
    await page.getByRole('button', { name: 'By topic and place' }).click();
    await page.keyboard.press('Control+Enter');
    await page.locator('#status', { hasText: 'Answered (200)' }).waitFor();
    assert.match(await page.locator('#result').textContent(), /"totalCount": \d+/);
    assert.match(decodeURIComponent(await page.evaluate(() => location.hash)), /^#\["query ByTopicAndPlace/);
    await page.locator('#variables').fill('{');
    await page.locator('#run').click();
    await page.locator('#status.failed', { hasText: 'The variables are not JSON' }).waitFor();

    await page.getByLabel('Token').fill(server.token);
    await page.getByRole('button', { name: 'Changes as they happen' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('#status', { hasText: 'Subscribed' }).waitFor();
    const other = await page.context().newPage();
    await other.goto(page.url().split('#')[0]);
    await other.getByLabel('Token').fill(server.token);
    await other.getByRole('button', { name: /^Draft a release/ }).click();
    await other.keyboard.press('Control+Enter');
    await other.locator('#status', { hasText: 'Answered (200)' }).waitFor();
    await page.locator('#result', { hasText: '"headline": "Ferry line opens"' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('#status', { hasText: 'The subscription has ended.' }).waitFor();

    await page.getByRole('button', { name: /^Publish it/ }).click();
    await page.keyboard.press('Control+Enter');
    await page.locator('#status.failed').waitFor();
  });
});

test('the page says that the schema is hidden, and reads it with a token', LIMITED, async () => {
  const hidden = await serve({ DATELINE_PROFILE: 'hardened' });
  try {
    await withPage({}, async (page) => {
      await page.locator('#schema', { hasText: 'does not show its schema to the public' }).waitFor();
      await page.locator('#query').focus();
      await page.keyboard.press('Control+Space');
      assert.match(await announced(page), /does not show its schema to the public/);
      await page.locator('#run').click();
      await page.locator('#status', { hasText: 'Answered (200)' }).waitFor();
      await page.getByLabel('Token').fill(hidden.token);
      await page.getByLabel('Token').blur();
      await ready(page);
    }, hidden);
  } finally {
    await hidden.stop();
  }
});

test('without JavaScript, both pages name curl, and their HTML is valid', LIMITED, async () => {
  const open = await serve();
  const context = await browser.newContext({ javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    const pages = ['/graphiql', '/graphiql/basic'].map((path) => [path.slice(1).replace('/', ' '), open.url.replace(/\/graphql$/, path)]);
    assert.deepEqual(await checkHtml(pages), []);
    for (const [path, url] of pages) {
      await page.goto(url);
      const text = page.locator('noscript');
      assert.ok(await text.isVisible(), path);
      assert.match(await text.textContent(), /This page needs JavaScript.*curl -H/s);
    }
  } finally {
    await context.close();
    await open.stop();
  }
});
