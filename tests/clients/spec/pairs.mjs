// Creates the pairs of equal objects on which the mutation test works, and reads their state for comparisons.
import assert from 'node:assert/strict';
import { postJson } from './requests.mjs';

/** Mutations that create an object. `{key}` is replaced by a text that is unique for each object. */
const CREATE = {
  release: `mutation { releaseCreate(input: {
    slug: "release-{key}", externalId: "external-{key}", headline: "Pair", subheadline: "Sub", summary: "Summary",
    bodyMarkdown: "Body", kind: ARTICLE, language: "en", releaseDate: "2006-06-01", datelineText: "GENEVA",
    datelinePlaces: [{iso3166: "CH"}],
    topics: [{slug: "work"}], places: [{iso3166: "JP"}], editorialNote: "Note"
  }) { created: release { id revision } userErrors { field code message } } }`,
  topic: `mutation { topicCreate(input: {
    slug: "topic-{key}", name: "Pair", definition: "Definition", uri: "https://example.org/topic/{key}",
    names: [{language: "fr", name: "Paire"}], altNames: [{language: "en", name: "Two"}], broader: [{slug: "migration"}]
  }) { created: topic { id revision } userErrors { field code message } } }`,
  place: `mutation { placeCreate(input: {
    slug: "place-{key}", name: "Pair", kind: CITY, latitude: 10, longitude: 20, within: {iso3166: "CH"},
    geonamesId: {number}, names: [{language: "fr", name: "Paire"}]
  }) { created: place { id revision } userErrors { field code message } } }`,
};

/** For each kind of object, the selection of the fields that are compared. */
const STATE = {
  release: `... on Release {
    headline subheadline summary body { markdown } kind language releaseDate dateline { text placeText places { slug } }
    topics { slug } places { slug } externalId editorialNote state revision slug
    working {
      number headline subheadline summary body { markdown } kind language topics { slug } places { slug } editorialNote
    }
    history(first: 1) { nodes { action note } }
  }`,
  topic: `... on Topic {
    name altNames french: name(language: "fr") khmer: name(language: "km") definition uri broader { slug } revision slug
  }`,
  place: `... on Place {
    name french: name(language: "fr") kind location { latitude longitude } geonamesId within { slug } revision slug
  }`,
};

let number = 0;

/** Creates an object of a kind. Returns `{ id, revision, key, code }`. */
export async function create(server, headers, sort) {
  number += 1;
  const [key, code] = [`k${number}k`, String(900_000_000 + number)];
  const query = CREATE[sort].replaceAll('{key}', key).replaceAll('{number}', code);
  const { data, errors } = await postJson(server, { query }, headers);
  const [payload] = Object.values(data ?? {});
  assert.ok(payload?.created, JSON.stringify(errors ?? payload));
  return { ...payload.created, key, code };
}

/** Returns the current state of an object, without the values that are unique for each object. */
export async function stateOf(server, headers, sort, { id, key, code }) {
  const { data, errors } = await postJson(server, { query: `{ node(id: "${id}") { ${STATE[sort]} } }` }, headers);
  assert.ok(data?.node, JSON.stringify(errors));
  return JSON.stringify(data.node).replaceAll(key, '{key}').replaceAll(code, '{number}');
}
