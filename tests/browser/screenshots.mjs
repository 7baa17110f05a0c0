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

const [folder = 'screenshots'] = process.argv.slice(2);
const server = await serve();
const site = server.url.replace(/\/graphql$/, '');
const browser = await launch();
try {
  const pages = await addReleases(server);
  await mkdir(folder, { recursive: true });
  for (const [view, options] of VIEWS) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    for (const [name, address] of pages) {
      await page.goto(site + address);
      await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}-${view}.png`) });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.stop();
}
