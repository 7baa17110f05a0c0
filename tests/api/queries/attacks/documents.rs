//! Malicious GraphQL documents for the attack tests: deep nesting, fragment cycles, many aliases, long tokens, and
//! expensive selections.

pub(super) fn nested(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

/// Returns the name and text of each malicious document.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn all() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for depth in [41, 65, 1220, 1540, 8000, 60_000] {
        all.push((
            format!("list literal, depth {depth}"),
            format!("{{ nodes(ids: {}) {{ id }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("filter, depth {depth}"),
            format!("{{ releases(filter: {}) {{ totalCount }} }}", nested("{not: ", "{}", "}", depth)),
        ));
        all.push((
            format!("list in a directive, depth {depth}"),
            format!("{{ viewer @include(if: {}) {{ name }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("list as a default value, depth {depth}"),
            format!("query($a: [ID!] = {}) {{ nodes(ids: $a) {{ id }} }}", nested("[", "", "]", depth)),
        ));
        all.push((
            format!("list type, depth {depth}"),
            format!("query($a: {}) {{ viewer {{ name }} }}", nested("[", "ID", "]", depth)),
        ));
        all.push((format!("selections, depth {depth}"), nested("{ topic(ref: {slug: \"a\"}) ", "{ id }", " }", depth)));
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
        all.push((format!("a cycle of {cycle_length} fragments"), format!("{{ ...F0 }} {cycle}")));
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
        all.push((format!("one field {count} times"), format!("{{ {} }}", "viewer { name } ".repeat(count))));
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
        [("all types of all types", "name".to_owned()), ("many descriptions of all types", aliases("description"))]
    {
        all.push((
            name.to_owned(),
            format!("{{ __type(name: \"FacetBucket\") {{ {} }} }}", nested(path, &middle, "} } ", 5)),
        ));
    }
    let schema = aliases("fields { args { description } }");
    all.push(("the schema 900 times".to_owned(), format!("{{ __schema {{ types {{ {schema} }} }} }}")));
    for operations in [300, 1150] {
        let list: String = (0..operations).map(|n| format!("query o{n} {{ ...F }} ")).collect();
        let variables: String = (0..operations * 4).map(|n| format!("$v{n} ")).collect();
        all.push((
            format!("{operations} operations with many variables"),
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
        "many geographic conditions".to_owned(),
        format!("{{ releases(filter: {{or: [{}]}}) {{ totalCount }} }}", near.repeat(300)),
    ));
    for length in [300, 100_000, 1_000_000] {
        all.push((format!("a name of {length} characters"), format!("{{ {} }}", "a".repeat(length))));
        all.push((
            format!("a string of {length} characters"),
            format!("{{ release(ref: {{slug: \"{}\"}}) {{ id }} }}", "a".repeat(length)),
        ));
        all.push((
            format!("a comment of {length} characters"),
            format!("{{ viewer {{ name }} }} #{}", "a".repeat(length)),
        ));
        all.push((
            format!("a number of {length} digits"),
            format!("{{ releases(first: {}) {{ totalCount }} }}", "9".repeat(length)),
        ));
        all.push((format!("{length} spaces"), format!("{{{}viewer {{ name }} }}", " ".repeat(length))));
    }
    let pages = "{ releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { releases(first: 200) { nodes { id } } } } } } } } }";
    let hidden = format!("{{ nodes(ids: [\"\"\"a\" {}]) {{ id }} }}", nested("[", "", "]", 1500));
    for (name, query) in [
        ("nested pages", pages),
        (
            "a negative page size next to a large one",
            "{ a: releases(first: -1010) { nodes { id } } b: releases(first: 200) { nodes { topics { releases(first: 200) { nodes { topics { name } } } } } } }",
        ),
        ("the largest page size", "{ releases(first: 2147483647) { nodes { id } } }"),
        ("a page size beyond 64 bits", "{ releases(first: 99999999999999999999) { nodes { id } } }"),
        ("the smallest page size", "{ releases(first: -2147483648) { nodes { id } } }"),
        ("a page size of NaN", "{ releases(first: NaN) { nodes { id } } }"),
        ("first and last", "{ releases(first: 5, last: 5) { nodes { id } } }"),
        ("an invalid cursor", "{ releases(first: 1, after: \"!!!!\") { nodes { id } } }"),
        (
            "a cursor of null bytes",
            "{ releases(first: 1, after: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\") { nodes { id } } }",
        ),
        ("an invalid id", "{ node(id: \"release_\\u0000\") { id } }"),
        (
            "a timeline of ten millennia",
            "{ releaseStats { timeline(interval: DAY, range: {from: \"0001-01-01\", until: \"9999-12-31\"}) { points { count } } } }",
        ),
        ("a date out of range", "{ releaseStats(filter: {releaseDate: {from: \"999999-01-01\"}}) { count } }"),
        ("a duration out of range", "{ trendingTopics(window: \"P99999999999D\") { count } }"),
        (
            "an invalid time zone",
            "{ releaseStats { timeline(interval: DAY, timeZone: \"../../etc/passwd\") { points { count } } } }",
        ),
        (
            "infinite coordinates",
            "{ releases(filter: {places: {near: {latitude: 1e400, longitude: -1e400, kilometres: 1e308}}}) { totalCount } }",
        ),
        ("SQL in a slug", "{ release(ref: {slug: \"' OR 1=1; DROP TABLE release; --\"}) { id } }"),
        ("a misspelled field", "{ releasess { totalCount } }"),
        (
            "deep introspection",
            "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } } } } } } } } } } } } } } } } }",
        ),
        ("a subscription by POST", "subscription { releaseChanged { kind } }"),
        (
            "all three operation types",
            "query A { viewer { name } } mutation B { releaseCreate(input: {headline: \"B\"}) { release { id } } } subscription C { releaseChanged { kind } }",
        ),
        ("an unterminated block string with brackets", hidden.as_str()),
        ("an unterminated string", "{ release(ref: {slug: \"a"),
        ("an unterminated block string", "{ release(ref: {slug: \"\"\"a"),
        ("only brackets", "}}}}}}}}{{{{{{{{"),
        ("a byte order mark", "\u{feff}{ viewer { name } }"),
        ("null bytes", "{ viewer\u{0} { name } }"),
        ("a right-to-left override", "{ \u{202e}viewer { name } }"),
    ] {
        all.push((name.to_owned(), query.to_owned()));
    }
    all
}
