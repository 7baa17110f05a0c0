// Starts a Dateline server for a test, on a free local port and with a database in a temporary folder.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export const FOLDER = import.meta.dirname;
export const SCHEMA = resolve(FOLDER, '../../schema.graphql');

const BINARY = resolve(FOLDER, process.env.DATELINE_BIN || '../../target/debug/dateline');

/** Timeout for starting or stopping a server, in milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * Starts a server with the demo newsroom, or with as many generated releases as `demoData` says. `settings` are environment
 * variables (`DATELINE_…`). `stop()` of the result stops the server.
 */
export async function serve(settings = {}, demoData = 0) {
  if (!existsSync(BINARY)) {
    throw new Error(`no server at ${BINARY}: build it (cargo build), or set DATELINE_BIN`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'dateline-clients-'));
  const database = `sqlite://${join(folder, 'demo.db')}`;
  if (demoData > 0) {
    await promisify(execFile)(BINARY, ['demo-data', String(demoData), '--database', database], { cwd: folder });
  }
  const demo = demoData > 0 ? [] : ['--demo'];
  const child = spawn(BINARY, ['serve', ...demo, '--listen', '127.0.0.1:0', '--database', database], {
    cwd: folder,
    env: { ...withoutSettings(process.env), DATELINE_LOG: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
  const leave = () => child.kill('SIGKILL');
  process.once('exit', leave);

  async function stop() {
    child.kill('SIGTERM');
    const late = setTimeout(leave, PATIENCE_MS);
    const { code, signal } = await ended;
    clearTimeout(late);
    process.off('exit', leave);
    await rm(folder, { recursive: true, force: true });
    if (code !== 0) {
      throw new Error(`the server exited with ${signal ?? code}:\n${log.join('\n')}`);
    }
  }

  /** Creates an access token with a role and returns the secret. The token of the editor exists already. */
  async function createToken(role) {
    const args = ['token', 'create', '--database', database, '--subject', 'Tests', '--name', 'Tests', '--role', role];
    const { stdout } = await promisify(execFile)(BINARY, args, { cwd: folder, timeout: PATIENCE_MS });
    return stdout.match(/\bdateline_\S+/)[0];
  }

  try {
    const { url, token } = await greeting(child, ended);
    return { url, token, socketUrl: url.replace('http:', 'ws:'), log, createToken, stop };
  } catch (error) {
    leave();
    await stop().catch(() => {});
    throw new Error(`${error.message}\n${log.join('\n')}`);
  }
}

/** Reads the token of the editor and the URL from the startup output of a server. */
async function greeting(child, ended) {
  const said = (async () => {
    let token;
    for await (const line of createInterface({ input: child.stdout })) {
      token ??= line.match(/^\s+(dateline_\S+)$/)?.[1];
      const url = line.match(/^Dateline serves \d+ releases at (http:\S+);/)?.[1];
      if (url) return { url, token };
    }
    throw new Error('the server did not print its URL');
  })();
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`the server did not start within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  const gone = ended.then(({ code, signal }) => {
    throw new Error(`the server exited with ${signal ?? code} during startup`);
  });
  gone.catch(() => {});
  try {
    return await Promise.race([said, late, gone]);
  } finally {
    clearTimeout(timer);
    child.stdout.resume();
  }
}

/** Returns an environment without Dateline's settings. */
function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DATELINE_')));
}
