//! Malicious GraphQL documents by name: deep nesting, fragment cycles, aliases, long tokens, and expensive selections.

pub(super) fn nested(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

/// All of them.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn all() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for depth in [41, 65, 1220, 1540, 8000, 60_000] {
        all.push((
            format!("list literal {depth} deep"),
            format!("{{ nodes(ids: {}) {{ id }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("filter {depth} deep"),
            format!("{{ releases(filter: {}) {{ totalCount }} }}", nested("{not: ", "{}", "}", depth)),
        ));
        all.push((
            format!("list in a directive {depth} deep"),
            format!("{{ viewer @include(if: {}) {{ name }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("list as a default {depth} deep"),
            format!("query($a: [ID!] = {}) {{ nodes(ids: $a) {{ id }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("type {depth} deep"),
            format!("query($a: {}) {{ viewer {{ name }} }}", nested("[", "ID", "]", depth)),
        ));
        all.push((format!("selections {depth} deep"), nested("{ topic(ref: {slug: \"a\"}) ", "{ id }", " }", depth)));
    }
    for fragments in [22, 26, 30, 60, 400] {
        let mut query = "{ ...F0 } ".to_owned();
        for number in 0..fragments {
            query += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1);
        }
        all.push((
            format!("{fragments} doubling fragments"),
            format!("{query}fragment F{fragments} on Query {{ viewer {{ name }} }}"),
        ));
    }
    for cycle_length in [1, 2, 50, 1400] {
        let cycle: String = (0..cycle_length)
            .map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", (n + 1) % cycle_length))
            .collect();
        all.push((format!("a circle of {cycle_length} fragments"), format!("{{ ...F0 }} {cycle}")));
    }
    let chain: String = (0..1400).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect();
    all.push((
        "a chain of fragments".to_owned(),
        format!("{{ ...F0 }} {chain} fragment F1400 on Query {{ viewer {{ name }} }}"),
    ));
    for count in [1001, 9000] {
        all.push((
            format!("{count} aliases"),
            format!("{{ {} }}", (0..count).map(|n| format!("a{n}: viewer {{ name }} ")).collect::<String>()),
        ));
        all.push((format!("{count} times one field"), format!("{{ {} }}", "viewer { name } ".repeat(count))));
        all.push((
            format!("{count} directives"),
            format!("{{ viewer {} {{ name }} }}", "@skip(if: false) ".repeat(count)),
        ));
        all.push((format!("{count} unknown directives"), format!("{{ viewer {} {{ name }} }}", "@a ".repeat(count))));
        all.push((
            format!("{count} unknown fields"),
            format!("{{ {} }}", (0..count).map(|n| format!("nope{n} ")).collect::<String>()),
        ));
        all.push((
            format!("{count} operations"),
            (0..count).map(|n| format!("query Q{n} {{ viewer {{ name }} }} ")).collect(),
        ));
        all.push((
            format!("{count} fragments"),
            format!(
                "{{ viewer {{ name }} }} {}",
                (0..count).map(|n| format!("fragment F{n} on Query {{ viewer {{ name }} }} ")).collect::<String>()
            ),
        ));
        all.push((
            format!("{count} variables"),
            format!(
                "query({}) {{ viewer {{ name }} }}",
                (0..count).map(|n| format!("$v{n}: Int ")).collect::<String>()
            ),
        ));
        all.push((
            format!("{count} arguments"),
            format!("{{ releases({}) {{ totalCount }} }}", (0..count).map(|n| format!("a{n}: 1 ")).collect::<String>()),
        ));
        all.push((
            format!("{count} inline fragments"),
            format!("{{ {} }}", "... on Query { viewer { name } } ".repeat(count)),
        ));
        all.push((
            format!("{count} branches of a filter"),
            format!("{{ releases(filter: {{or: [{}]}}) {{ totalCount }} }}", "{kinds: [ARTICLE]} ".repeat(count)),
        ));
    }
    let path = "possibleTypes { interfaces { ";
    let aliases = |selection: &str| (0..900).map(|n| format!("a{n}: {selection} ")).collect::<String>();
    for (name, middle) in
        [("all types of all types", "name".to_owned()), ("many descriptions of them", aliases("description"))]
    {
        all.push((
            name.to_owned(),
            format!("{{ __type(name: \"FacetBucket\") {{ {} }} }}", nested(path, &middle, "} } ", 5)),
        ));
    }
    let schema = aliases("fields { args { description } }");
    all.push(("the schema nine hundred times".to_owned(), format!("{{ __schema {{ types {{ {schema} }} }} }}")));
    for operations in [300, 1150] {
        let list: String = (0..operations).map(|n| format!("query o{n} {{ ...F }} ")).collect();
        let variables: String = (0..operations * 4).map(|n| format!("$v{n} ")).collect();
        all.push((
            format!("{operations} operations with as many variables"),
            format!("{list} fragment F on Query {{ nodes(ids: [{variables}]) {{ id }} }}"),
        ));
    }
    let expensive = "topics(input: {first: 1, minCount: 0, orderBy: [{by: LATEST}]}) { distinctValues }";
    let facets: String = (0..20).map(|n| format!("a{n}: {expensive} ")).collect();
    all.push((
        "facets by date in every bucket".to_owned(),
        format!("{{ releaseStats {{ facets {{ topics(input: {{first: 200}}) {{ buckets {{ stats {{ facets {{ {facets} }} }} }} }} }} }} }}"),
    ));
    let near = "{places: {near: {latitude: 1, longitude: 1, kilometres: 1}}} ";
    all.push((
        "many points to look around".to_owned(),
        format!("{{ releases(filter: {{or: [{}]}}) {{ totalCount }} }}", near.repeat(300)),
    ));
    for length in [300, 100_000, 1_000_000] {
        all.push((format!("a name of {length}"), format!("{{ {} }}", "a".repeat(length))));
        all.push((
            format!("a string of {length}"),
            format!("{{ release(ref: {{slug: \"{}\"}}) {{ id }} }}", "a".repeat(length)),
        ));
        all.push((format!("a comment of {length}"), format!("{{ viewer {{ name }} }} #{}", "a".repeat(length))));
        all.push((
            format!("a number of {length}"),
            format!("{{ releases(first: {}) {{ totalCount }} }}", "9".repeat(length)),
        ));
        all.push((format!("spaces {length}"), format!("{{{}viewer {{ name }} }}", " ".repeat(length))));
    }
    let pages = "{ releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { releases(first: 200) { nodes { id } } } } } } } } }";
    let hidden = format!("{{ nodes(ids: [\"\"\"a\" {}]) {{ id }} }}", nested("[", "", "]", 1500));
    for (name, query) in [
        ("pages in pages", pages),
        (
            "a negative page beside a large one",
            "{ a: releases(first: -1010) { nodes { id } } b: releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { name } } } } } } }",
        ),
        ("a huge page", "{ releases(first: 2147483647) { nodes { id } } }"),
        ("a page beyond integers", "{ releases(first: 99999999999999999999) { nodes { id } } }"),
        ("a page of minus", "{ releases(first: -2147483648) { nodes { id } } }"),
        ("a page of no number", "{ releases(first: NaN) { nodes { id } } }"),
        ("first and last", "{ releases(first: 5, last: 5) { nodes { id } } }"),
        ("a cursor of rubbish", "{ releases(first: 1, after: \"!!!!\") { nodes { id } } }"),
        (
            "a cursor of bytes",
            "{ releases(first: 1, after: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\") { nodes { id } } }",
        ),
        ("an id of rubbish", "{ node(id: \"release_\\u0000\") { id } }"),
        (
            "a timeline of millennia",
            "{ releaseStats { timeline(interval: DAY, range: {from: \"0001-01-01\", until: \"9999-12-31\"}) { points { count } } } }",
        ),
        ("a date beyond time", "{ releaseStats(filter: {releaseDate: {from: \"999999-01-01\"}}) { count } }"),
        ("a duration beyond time", "{ trendingTopics(window: \"P99999999999D\") { count } }"),
        (
            "a zone of rubbish",
            "{ releaseStats { timeline(interval: DAY, timeZone: \"../../etc/passwd\") { points { count } } } }",
        ),
        (
            "a place near nowhere",
            "{ releases(filter: {places: {near: {latitude: 1e400, longitude: -1e400, kilometres: 1e308}}}) { totalCount } }",
        ),
        ("a slug of SQL", "{ release(ref: {slug: \"' OR 1=1; DROP TABLE release; --\"}) { id } }"),
        ("a field that is nearly one", "{ releasess { totalCount } }"),
        (
            "the schema a hundred deep",
            "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } } } } } } } } } } } } } } } } }",
        ),
        ("a subscription by POST", "subscription { releaseChanged { kind } }"),
        (
            "all three at once",
            "query A { viewer { name } } mutation B { releaseCreate(input: {headline: \"B\"}) { release { id } } } subscription C { releaseChanged { kind } }",
        ),
        ("a block that never ends, and brackets behind it", hidden.as_str()),
        ("a quote that never ends", "{ release(ref: {slug: \"a"),
        ("a block that never ends", "{ release(ref: {slug: \"\"\"a"),
        ("only brackets", "}}}}}}}}{{{{{{{{"),
        ("a byte order mark", "\u{feff}{ viewer { name } }"),
        ("null bytes", "{ viewer\u{0} { name } }"),
        ("right to left", "{ \u{202e}viewer { name } }"),
    ] {
        all.push((name.to_owned(), query.to_owned()));
    }
    all
}
