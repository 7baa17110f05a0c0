// Runs the audits of the package graphql-http against Dateline. They check conformance to the GraphQL over HTTP
// specification.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { serve } from '../server.mjs';

/** Expected number of audits, so that a version of the package with fewer audits is noticed. */
const AUDITS = 61;

/** Ids of the audits that need introspection. The hardened profile does not allow introspection without a token. */
const OF_THE_SCHEMA = ['2EA1', '28B9', 'D6D5', '6A70'];

const HARDENED = { DATELINE_PROFILE: 'hardened', DATELINE_RATE_PUBLIC_PER_MINUTE: '0' };

const PROFILES = [
  { name: 'open', settings: {}, unmet: [] },
  { name: 'hardened', settings: HARDENED, unmet: OF_THE_SCHEMA },
  { name: 'hardened, with introspection', settings: { ...HARDENED, DATELINE_INTROSPECTION: 'true' }, unmet: [] },
];

for (const { name, settings, unmet } of PROFILES) {
  test(`the audits of GraphQL over HTTP, profile ${name}`, { timeout: 60_000 }, async (t) => {
    const server = await serve(settings);
    t.after(server.stop);
    const failed = [];
    const audits = serverAudits({ url: server.url });
    for (const audit of audits) {
      const result = await audit.fn();
      // An audit that ends with a warning has found an unmet SHOULD. This test counts it as a failure, too.
      if (result.status === 'ok') continue;
      failed.push(audit.id);
      if (!unmet.includes(audit.id)) t.diagnostic(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
    }
    t.diagnostic(`${audits.length - failed.length} of ${audits.length} audits pass`);
    assert.equal(audits.length, AUDITS);
    assert.deepEqual(failed, unmet);
  });
}
