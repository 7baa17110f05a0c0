// Runs command line tools of the npm packages.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FOLDER } from './server.mjs';

/** Runs a tool in a subfolder. If the tool fails, the error contains the tool's output. */
export async function run(tool, args, { folder = '.', environment = {} } = {}) {
  const options = { cwd: join(FOLDER, folder), env: { ...process.env, ...environment }, timeout: 120_000 };
  try {
    return await promisify(execFile)(join(FOLDER, 'node_modules/.bin', tool), args, options);
  } catch (error) {
    throw new Error(`${tool} failed: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}
