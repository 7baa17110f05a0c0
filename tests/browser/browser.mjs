// Starts Chromium for tests and screenshots, and names the pages of the demo newsroom that they visit.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** The program, unless the variable CHROMIUM names another one. */
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

/** Pages of the demo newsroom: name and address. `addReleases` adds more. */
const PAGES = [
  ['home', '/'],
  ['second page', '/?page=2'],
  ['filtered', '/?topic=child-labour&kind=press-release'],
  ['search', '/?q=child+labour'],
  ['nothing found', '/?q=zanzibar&topic=child-labour'],
  ['release', '/releases/asia-pacific-records-decline-in-child-labour'],
  ['topics', '/topics'],
  ['topic', '/topics/child-labour'],
  ['places', '/places'],
  ['place', '/places/asia'],
  ['dashboard', '/dashboard'],
  ['dashboard filtered', '/dashboard?period=all&topic=work&compare=last-year&interval=quarter'],
  ['dashboard by days', '/dashboard?by=published&zone=Asia%2FBangkok&from=2006-05-01&until=2006-06-15'],
  ['dashboard without releases', '/dashboard?from=1990-01-01&until=1990-12-31'],
  ['dashboard invalid', '/dashboard?zone=Atlantis'],
  ['embedded chart', '/embed/topics?period=all'],
  ['embedded numbers', '/embed/summary?period=this-year'],
  ['not found', '/nowhere'],
  ['invalid', '/?page=-1'],
];

/** How a page is shown: name and options of a browser context. 200 % zoom halves the width in CSS pixels. */
export const STATES = [
  ['light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['320 px', { viewport: { width: 320, height: 640 }, colorScheme: 'light' }],
  ['200 % zoom', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2, colorScheme: 'light' }],
];

/** A body with everything that Markdown has, and a table that is too wide for a phone. */
const BODY = `# Section

A paragraph with a [link](https://example.org/), an ![image](https://example.org/ship.png), H~2~O and \`code\`.

##### A deep heading

- one
- two
  1. nested

> A quotation.

| ${Array.from({ length: 12 }, (_, column) => `Column ${column}`).join(' | ')} |
|${'---|'.repeat(11)}--:|
| ${Array.from({ length: 12 }, (_, column) => `Value ${column}`).join(' | ')} |
`;

/** Starts Chromium. Its background services are off, so every request is one of a page. */
export async function launch() {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium), or set CHROMIUM`);
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/**
 * Adds releases that the demo newsroom lacks: a corrected one with a table, one in Arabic, a withdrawn one, and a draft
 * with a preview link. Returns all pages to visit.
 */
export async function addReleases(server) {
  const run = async (query, variables) => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${server.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    const [payload] = Object.values(data ?? {});
    if (errors || payload.userErrors.length > 0) throw new Error(JSON.stringify(errors ?? payload.userErrors));
    return payload;
  };
  const create = async (input) => (await run(
    'mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id } userErrors { message } } }',
    { input: { releaseDate: '2007-05-31', ...input } },
  )).release.id;
  const change = (mutation, id, revision = 1) => run(
    `mutation($id: ID!, $revision: Int!) { ${mutation.replace('(', '(id: $id, expectedRevision: $revision, ')} { userErrors { message } } }`,
    { id, revision },
  );
  const publish = (id) => change('releasePublish()', id);
  const table = await create({ headline: 'A release with a table', slug: 'table', bodyMarkdown: BODY });
  await publish(table);
  await change('releaseCorrect(input: { subheadline: "Corrected" }, correctionNote: "A number was wrong.")', table);
  await publish(await create({
    headline: 'ILO تطلق تقريرا جديدا (بيان)', slug: 'arabic', language: 'ar', bodyMarkdown: 'نص **البيان** مع Dateline 2.0 وأرقام 12.',
    summary: 'ملخص البيان.',
  }));
  const withdrawn = await create({ headline: 'Withdrawn', slug: 'withdrawn' });
  await publish(withdrawn);
  await change('releaseWithdraw(withdrawal: { kind: WITH_NOTICE, notice: "It was wrong." })', withdrawn);
  const { token } = await run(
    'mutation($id: ID!, $at: DateTime!) { previewLinkCreate(releaseId: $id, expiresAt: $at) { token userErrors { message } } }',
    { id: await create({ headline: 'A draft', slug: 'draft', bodyMarkdown: BODY }), at: new Date(Date.now() + 3_600_000).toISOString() },
  );
  return [...PAGES, ['table', '/releases/table'], ['arabic', '/releases/arabic'], ['withdrawn', '/releases/withdrawn'],
    ['preview', `/preview/${token}`]];
}
