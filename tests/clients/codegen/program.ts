// A program that prints every public release. It sends only the ids of its queries (trusted documents).
// Usage: node program.js URL
import { graphql } from './__generated__/sdl/gql.js';
import type { ReleaseState, ReleasesPageQuery, TypedDocumentString } from './__generated__/sdl/graphql.js';

const releasesPage = graphql(`
  query ReleasesPage($after: String) {
    releases(first: 50, after: $after) {
      totalCount
      nodes {
        id
        headline
        releaseDate
        state
        subheadline
        topics {
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

async function ask<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const documentId = document.__meta__?.['hash'];
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/graphql-response+json', 'content-type': 'application/json' },
    body: JSON.stringify({ documentId, variables }),
  });
  const answer = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer));
  return answer.data;
}

const url = process.argv[2];
if (!url) throw new Error('usage: node program.js URL');
let after: string | null = null;
do {
  const { releases }: ReleasesPageQuery = await ask(url, releasesPage, { after });
  if (!releases) throw new Error('the response has no releases');
  for (const release of releases.nodes) {
    const state: ReleaseState = release.state;
    const id: string = release.id;
    // @ts-expect-error `subheadline` may be null.
    const subheadline: string = release.subheadline;
    console.log(JSON.stringify({ id, state, subheadline, headline: release.headline.trim() }));
  }
  after = releases.pageInfo.hasNextPage ? (releases.pageInfo.endCursor ?? null) : null;
} while (after);

// @ts-expect-error A cursor is a string. If it were `any`, the types would check nothing here.
void (() => ask(url, releasesPage, { after: 1 }));
