// Generates requests with a variable in an argument. Each position is tried with several declarations and several
// values of the variable.

/** For each input type, variable values that the type does not accept. */
const WRONG = {
  Boolean: ['true', 1, [true], {}],
  Date: ['2006-02-30', 20060508, true],
  Duration: [30, ['P30D']],
  Float: ['1.5', true, [1.5]],
  ID: [1.5, true, {}],
  Int: ['1', 1.5, true, [1], 2147483648, -2147483649],
  LanguageTag: [1, ['en']],
  Slug: [1, true],
  String: [1, true, ['a'], {}],
  TimeZone: [7, true],
  enum: ['NOTHING', 'article', 1, true, ['ASC']],
};

/**
 * Returns positions for the variable `$x`. Each has the type without `!`, whether the position is non-null
 * (`required`), whether the schema has a default for it, values that it accepts (`values`), and values that it does
 * not accept (`wrong`). `literal` is the default in declarations of the variable; if there is none, the first of
 * `values` is the default.
 */
function places({ release, topic }) {
  const stats = (inner) => `releaseStats { ${inner} }`;
  const topicsFacet = (inner) => stats(`facets { topics(input: ${inner}) { buckets { label count } } }`);
  const filtered = (inner) => `releases(first: 3, filter: ${inner}) { totalCount nodes { slug } }`;
  const timeline = (inner) => stats(`timeline(${inner}) { interval timeZone points { label start count } }`);
  return [
    {
      text: 'topicAggregates(first: $x) { label count }', type: 'Int', required: true, hasDefault: true,
      values: [3, 1, 0],
    },
    {
      text: 'topicAggregates(first: 3, rollUp: $x) { label count }', type: 'Boolean', required: true, hasDefault: true,
      values: [false, true],
    },
    {
      text: 'topicAggregates(first: 3, under: $x) { label }', type: 'TopicRef', values: [{ slug: 'work' }],
      wrong: [{}, { slug: 'a', id: 'b' }, { slug: null }, { name: 'a' }, 'work', []], literal: '{slug: "work"}',
    },
    { text: 'releases(first: $x) { nodes { slug } }', type: 'Int', values: [2, 1, -1, 1000] },
    { text: 'releases(last: $x) { nodes { slug } }', type: 'Int', values: [2] },
    { text: 'releases(first: 1, after: $x) { nodes { slug } }', type: 'String', values: ['none'] },
    {
      text: 'releases(first: 2, filter: $x) { totalCount nodes { slug } }', type: 'ReleaseFilter',
      values: [{ kinds: ['ARTICLE'] }, { kinds: 'ARTICLE', topics: { any: { slug: 'work' } } }, {}],
      wrong: [{ kinds: ['article'] }, { kind: 1 }, { topics: { any: [{}] } }, [{}], 'x', { and: [{ not: { x: 1 } }] }],
      literal: '{kinds: ARTICLE}',
    },
    {
      text: 'releases(first: 3, orderBy: $x) { nodes { slug } }', type: '[ReleaseOrder!]',
      values: [[{ by: 'RELEASE_DATE', direction: 'ASC' }], { by: 'RELEASE_DATE' }, []],
      wrong: [[{}], [null], { by: 'NAME' }, [{ by: 'RELEASE_DATE', direction: null }]], literal: '{by: RELEASE_DATE}',
    },
    {
      text: 'releases(first: 3, orderBy: [{by: RELEASE_DATE, direction: $x}]) { nodes { slug } }', type: 'Direction',
      required: true, hasDefault: true, values: ['ASC', 'DESC'], wrong: WRONG.enum, literal: 'ASC',
    },
    {
      text: 'releases(first: 3, orderBy: [{by: $x}, {by: RELEASE_DATE}]) { nodes { slug } }', type: 'ReleaseOrderKey',
      required: true, values: ['PUBLISHED_AT'], wrong: WRONG.enum, literal: 'PUBLISHED_AT',
    },
    { text: 'node(id: $x) { __typename id }', type: 'ID', required: true, values: [release, topic, 'none', 5, 0] },
    {
      text: 'nodes(ids: $x) { __typename id }', type: '[ID!]', required: true,
      values: [[release, topic], release, [], [5, 'none']], wrong: [[null], [[release]], [1.5], 1.5],
      literal: `["${release}"]`,
    },
    {
      text: `nodes(ids: ["${topic}", $x, 7]) { __typename id }`, type: 'ID', required: true, values: [release, 'none'],
    },
    {
      text: 'release(ref: $x) { slug }', type: 'ReleaseRef', required: true,
      values: [{ slug: 'none' }, { id: release }, { id: 5 }],
      wrong: [{}, { slug: 'a', id: 'b' }, { slug: null }, { slug: 'a', id: null }, 'none'], literal: '{slug: "none"}',
    },
    {
      text: 'release(ref: {id: $x}) { slug related(first: 2) { slug } }', type: 'ID', oneOf: true,
      values: [release, 'none'],
    },
    {
      text: `release(ref: {id: "${release}"}) { related(first: $x) { slug } }`, type: 'Int', required: true,
      hasDefault: true, values: [2, 1],
    },
    {
      text: 'topic(ref: {slug: "work"}) { name(language: $x) altNames(language: $x) }', type: 'LanguageTag',
      values: ['fr', 'en'],
    },
    { text: 'topic(ref: {slug: $x}) { name }', type: 'Slug', oneOf: true, values: ['work'] },
    {
      text: 'topics(first: 3, filter: {search: $x}) { totalCount nodes { name } }', type: 'String',
      values: ['o', '', 'é'],
    },
    { text: 'topics(first: 3, filter: {topLevel: $x}) { totalCount }', type: 'Boolean', values: [true, false] },
    { text: 'place(ref: {geonamesId: $x}) { slug }', type: 'Int', oneOf: true, values: [1830103, 1] },
    {
      text: 'trendingTopics(window: $x, until: "2006-12-31") { topic { slug } from until count }', type: 'Duration',
      required: true, hasDefault: true, values: ['P90D', 'P1Y'],
    },
    {
      text: 'trendingTopics(until: $x, first: 2) { topic { slug } from }', type: 'Date',
      values: ['2006-12-31', '2006-06-01'],
    },
    {
      text: timeline('interval: YEAR, timeZone: $x'), type: 'TimeZone', required: true, hasDefault: true,
      values: ['Asia/Bangkok', 'UTC'],
    },
    {
      text: timeline('interval: YEAR, fill: $x'), type: 'GapFill', required: true, hasDefault: true,
      values: ['OMIT', 'ZERO'], wrong: WRONG.enum, literal: 'OMIT',
    },
    {
      text: timeline('interval: $x, fill: OMIT'), type: 'TimeInterval', required: true, values: ['QUARTER', 'YEAR'],
      wrong: WRONG.enum, literal: 'QUARTER',
    },
    {
      text: timeline('interval: WEEK, weekStart: $x, fill: OMIT'), type: 'Weekday', required: true, hasDefault: true,
      values: ['SUNDAY'], wrong: WRONG.enum, literal: 'SUNDAY',
    },
    {
      text: timeline('interval: YEAR, dateField: $x, fill: OMIT'), type: 'ReleaseDateField', required: true,
      hasDefault: true, values: ['PUBLISHED_AT'], wrong: WRONG.enum, literal: 'PUBLISHED_AT',
    },
    {
      text: timeline('interval: MONTH, range: $x, fill: OMIT'), type: 'DateRange',
      values: [{ from: '2006-01-01', until: '2006-03-31' }, { from: null }, {}],
      wrong: [{ from: '2006' }, [], { since: '2006-01-01' }], literal: '{from: "2006-10-01"}',
    },
    { text: timeline('interval: MONTH, range: {from: $x}, fill: OMIT'), type: 'Date', values: ['2006-10-01'] },
    {
      text: stats('compare(to: PREVIOUS_PERIOD, range: $x) { current previous ratio }'), type: 'DateRange',
      required: true, values: [{ from: '2006-04-01', until: '2006-06-30' }], wrong: [{ from: 1 }, 'x'],
      literal: '{from: "2006-04-01", until: "2006-06-30"}',
    },
    {
      text: topicsFacet('$x'), type: 'TopicFacetInput',
      values: [{ first: 2 }, { orderBy: { by: 'LABEL', direction: 'ASC' }, first: 3 }, {}],
      wrong: [{ first: null }, { first: '2' }, { orderBy: [{}] }, { scope: 'ALL' }],
      literal: '{first: 2, rollUp: false}',
    },
    { text: topicsFacet('{first: $x}'), type: 'Int', required: true, hasDefault: true, values: [2, 1] },
    {
      text: topicsFacet('{first: 3, scope: $x}'), type: 'FacetScope', required: true, hasDefault: true,
      values: ['UNFILTERED'], wrong: WRONG.enum, literal: 'UNFILTERED',
    },
    { text: topicsFacet('{first: 3, labelContains: $x}'), type: 'String', values: ['o'] },
    {
      text: topicsFacet('{first: 3, orderBy: [{by: COUNT}, $x]}'), type: 'FacetOrder', required: true,
      values: [{ by: 'LABEL' }, { by: 'LABEL', direction: 'ASC' }], wrong: [{}, { by: null }], literal: '{by: LABEL}',
    },
    {
      text: filtered('{kinds: $x}'), type: '[ReleaseKind!]', values: [['ARTICLE', 'SPEECH'], 'ARTICLE', []],
      wrong: ['article', ['ARTICLES'], [null], [['ARTICLE']], 1], literal: 'ARTICLE',
    },
    {
      text: filtered('{kinds: [SPEECH, $x]}'), type: 'ReleaseKind', required: true, values: ['ARTICLE'],
      wrong: WRONG.enum, literal: 'ARTICLE',
    },
    {
      text: filtered('{topics: {any: {slug: "work"}, includeNarrower: $x}}'), type: 'Boolean', required: true,
      hasDefault: true, values: [false, true],
    },
    {
      text: filtered('{topics: {any: $x}}'), type: '[TopicRef!]', values: [[{ slug: 'work' }], { slug: 'work' }, []],
      wrong: [[{}], [null], {}], literal: '[{slug: "work"}]',
    },
    {
      text: filtered('{releaseDate: {from: $x, until: "2006-12-31"}}'), type: 'Date',
      values: ['2006-06-01', '2006-01-01'],
    },
    {
      text: filtered('{releaseDate: $x}'), type: 'DateRange',
      values: [{ from: '2006-06-01' }, { until: '2006-06-01', from: null }], wrong: [{ until: 'x' }],
      literal: '{until: "2006-06-01"}',
    },
    {
      text: filtered('{and: [{kinds: [ARTICLE]}, $x]}'), type: 'ReleaseFilter', required: true,
      values: [{ languages: 'en' }, {}], wrong: [null, { language: 'en' }], literal: '{languages: ["en"]}',
    },
    { text: filtered('{not: {languages: [$x, "fr"]}}'), type: 'LanguageTag', required: true, values: ['en', 'km'] },
    {
      text: filtered('{places: {near: {latitude: $x, longitude: 104.9, kilometres: 500}}}'), type: 'Float',
      required: true, values: [11.5, 11],
    },
    {
      text: filtered('{places: {role: $x, any: [{iso3166: "KH"}]}}'), type: 'PlaceRole', required: true,
      hasDefault: true, values: ['DATELINE', 'ABOUT'], wrong: WRONG.enum, literal: 'DATELINE',
    },
    {
      text: stats('facets { kinds { buckets { kind samples(first: $x) { slug } } } }'), type: 'Int', required: true,
      hasDefault: true, values: [2],
    },
  ];
}

/**
 * Returns the valid declarations of the variable at a position. Each declaration comes with the variable values to
 * send.
 */
function declarations(place) {
  const { type, values } = place;
  const wrong = (place.wrong ?? WRONG[type] ?? []).map((x) => ({ x }));
  const literal = place.literal ?? JSON.stringify(values[0]);
  const given = values.map((x) => ({ x }));
  const optional = [{}, { x: null }];
  const isNullable = !place.oneOf && (!place.required || place.hasDefault);
  return [
    ...(isNullable ? [[`$x: ${type}`, [undefined, ...optional, ...given]]] : []),
    ...(isNullable ? [[`$x: ${type} = null`, optional]] : []),
    [`$x: ${type} = ${literal}`, [...optional, ...given.slice(1)]],
    [`$x: ${type}!`, [...optional, ...given, { ...given[0], unknown: 1 }, ...wrong]],
    [`$x: ${type}! = ${literal}`, [...optional, ...given.slice(1), ...wrong.slice(0, 1)]],
  ];
}

/** Returns all requests that have one variable. `ids` are the ids of existing objects. */
export function argumentCases(ids) {
  return places(ids).flatMap((place) => {
    return declarations(place).flatMap(([declared, states]) => {
      return states.map((variables) => ({ query: `query(${declared}) { ${place.text} }`, variables }));
    });
  });
}
