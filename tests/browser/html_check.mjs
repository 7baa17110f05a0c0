// Checks the HTML of pages with the Nu HTML Checker.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import vnu from 'vnu-jar';

/** Loads pages, given as name and URL, and returns the messages of the checker. It runs once for all pages. */
export async function checkHtml(pages) {
  const folder = await mkdtemp(join(tmpdir(), 'dateline-html-'));
  try {
    const files = await Promise.all(pages.map(async ([name, url]) => {
      const file = join(folder, `${name.replaceAll(' ', '-')}.html`);
      await writeFile(file, await (await fetch(url, { headers: { accept: 'text/html' } })).text());
      return file;
    }));
    const check = promisify(execFile)('java', ['-jar', vnu, '--format', 'json', '--stdout', ...files]);
    const { stdout } = await check.catch((error) => error);
    const { messages } = JSON.parse(stdout);
    return messages.map(({ url, lastLine, message }) => `${url}:${lastLine}: ${message}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
