// Writes screenshots of the public pages of a demo newsroom to a folder: node screenshots.mjs FOLDER. Each page is shown
// in light and dark, and on a phone.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serve } from '../clients/server.mjs';
import { addReleases, launch } from './browser.mjs';

const VIEWS = [
  ['light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'light' }],
];

/** Pages of a newsroom with generated releases. */
const GENERATED = [
  ['generated dashboard', '/dashboard'],
  ['generated dashboard of five years', '/dashboard?period=5-years'],
  ['generated topic', '/topics/work'],
];

const [folder = 'screenshots'] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await launch();

/** Writes screenshots of the pages of a server. */
async function show(server, pages) {
  const site = server.url.replace(/\/graphql$/, '');
  for (const [view, options] of VIEWS) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    for (const [name, address] of pages) {
      await page.goto(site + address);
      await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}-${view}.png`) });
    }
    await context.close();
  }
}

try {
  const demo = await serve();
  await show(demo, await addReleases(demo));
  await demo.stop();
  const generated = await serve({ DATELINE_NEWSROOM_NAME: 'Riverland Agency' }, 5000);
  await show(generated, GENERATED);
  await generated.stop();
} finally {
  await browser.close();
}
