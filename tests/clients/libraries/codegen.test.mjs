// Tests of GraphQL Code Generator. The generated types must compile with `tsc --strict`, and the server must accept
// the generated documents by id (trusted documents).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { FOLDER, serve } from '../server.mjs';
import { LIMITED, PAGE, checkAll, post } from '../newsroom.mjs';
import { run } from '../tools.mjs';

const GENERATED = join(FOLDER, 'codegen/__generated__');
const MANIFEST = join(GENERATED, 'sdl/persisted-documents.json');
const PROGRAM = join(GENERATED, 'built/program.js');

/** Options for `test`: a long timeout, because the tools are slow on a small machine. */
const TOOLS = { timeout: 180_000 };

let server;
before(async () => {
  await rm(GENERATED, { recursive: true, force: true });
  server = await serve();
});
after(() => server.stop());

test('Code Generator: introspection and the schema file give the same types', TOOLS, async () => {
  const environment = { CODEGEN_URL: server.url };
  await run('graphql-codegen', ['--config', 'codegen.cjs', '--silent'], { folder: 'codegen', environment });
  for (const file of ['graphql.ts', 'gql.ts', 'persisted-documents.json']) {
    const [live, sdl] = await Promise.all(['live', 'sdl'].map((from) => readFile(join(GENERATED, from, file), 'utf8')));
    assert.ok(sdl.length > 100);
    assert.equal(live, sdl);
  }
});

test('Code Generator: a program with these types compiles, and its type errors are found', TOOLS, async () => {
  await run('tsc', ['--noEmit', '--strict', '-p', '.'], { folder: 'codegen' });
  await run('tsc', ['-p', '.'], { folder: 'codegen' });
});

test('Code Generator: with trusted documents only the queries of the program are accepted', LIMITED, async (t) => {
  const settings = { DATELINE_DOCUMENTS_MANIFEST: MANIFEST, DATELINE_DOCUMENTS_TRUST: 'only' };
  const trusting = await serve(settings);
  t.after(trusting.stop);
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, trusting.url]);
  const releases = stdout.trim().split('\n').map((line) => JSON.parse(line));
  checkAll(releases.map((release) => release.id));
  assert.ok(releases.every((release) => release.state === 'PUBLISHED'));

  const foreign = await post(trusting, { query: PAGE });
  assert.equal(foreign.status, 400);
  assert.equal(foreign.body.errors[0].extensions.code, 'DOCUMENT_NOT_TRUSTED');
});
