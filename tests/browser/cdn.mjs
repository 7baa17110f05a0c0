// Serves the files of installed npm packages on a free local port, at the paths and with the headers of a public CDN.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const MODULES = join(import.meta.dirname, 'node_modules');
const MEDIA_TYPES = { js: 'text/javascript', css: 'text/css' };

/** Returns the content of the file at the path of a CDN: `package@version/file`. Fails if another version is installed. */
export async function installedFile(path) {
  const [, name, version, file] = normalize(path).match(/^((?:@[^/]+\/)?[^@/]+)@([^/]+)\/(.+)$/);
  const { version: installed } = JSON.parse(await readFile(join(MODULES, name, 'package.json')));
  if (version !== installed) throw new Error(`${name} ${installed} is installed, not ${version}`);
  return readFile(join(MODULES, name, file));
}

/** Starts the server. `change` gets the path and the content of each file, and returns the content to send. */
export async function serveFiles(change = (path, content) => content) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname.slice(1));
    requests.push(path);
    try {
      const content = change(path, await installedFile(path));
      response.writeHead(200, {
        'content-type': MEDIA_TYPES[path.split('.').at(-1)] ?? 'application/octet-stream',
        'access-control-allow-origin': '*',
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => new Promise((closed) => {
      server.close(closed);
      server.closeAllConnections();
    }),
  };
}
