// The app of the Relay test: a page with a list of releases, and a button that loads more releases.
const { Suspense } = require('react');
const { RelayEnvironmentProvider, graphql, useLazyLoadQuery, usePaginationFragment } = require('react-relay');

function Releases({ newsroom }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment(
    graphql`
      fragment newsroom_releases on Query
      @refetchable(queryName: "newsroomReleasesQuery")
      @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
        releases(first: $count, after: $cursor) @connection(key: "newsroom_releases") {
          totalCount
          edges {
            node {
              id
              headline
              topics {
                id
                name
              }
            }
          }
        }
      }
    `,
    newsroom,
  );
  return (
    <main>
      <h1>{data.releases.totalCount} releases</h1>
      <ul>
        {data.releases.edges.map(({ node }) => (
          <li key={node.id} id={node.id}>
            {node.headline}
          </li>
        ))}
      </ul>
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(20)}>
          More
        </button>
      )}
    </main>
  );
}

function Page() {
  const newsroom = useLazyLoadQuery(
    graphql`
      query newsroomQuery {
        ...newsroom_releases
      }
    `,
    {},
  );
  return <Releases newsroom={newsroom} />;
}

function Newsroom({ environment }) {
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Suspense fallback="Loading">
        <Page />
      </Suspense>
    </RelayEnvironmentProvider>
  );
}

module.exports = { Newsroom };
