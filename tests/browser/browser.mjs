// Starts Chromium for tests and screenshots, and names the pages of the demo newsroom that they visit.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** The program, unless the variable CHROMIUM names another one. */
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

/** Pages of the demo newsroom: name and address. */
export const PAGES = [
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
