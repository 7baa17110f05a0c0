//! Tests of what matches and in which order.

use super::*;

#[test]
fn the_exact_word_comes_before_longer_words_and_no_typo_is_forgiven() {
    let corpus = Corpus::of_headlines("en", &["Stroke clinic opens", "Strikers return", "Strike begins"]);
    assert_eq!(corpus.ranked("strike"), [2, 1]);
}

#[test]
fn years_and_measures_do_not_find_their_neighbours() {
    let corpus = Corpus::of_headlines("en", &["Budget 2007", "Budget 2006", "12.3kg of rice", "12.5kg of rice"]);
    assert_eq!(corpus.ranked("2006"), [1]);
    assert_eq!(corpus.ranked("12.5kg"), [3]);
}

#[test]
fn news_finds_news_first() {
    let corpus = Corpus::of_headlines("en", &["New York opens", "News from Bern", "A new start"]);
    assert_eq!(corpus.ranked("news"), [1]);
    assert_eq!(corpus.ranked("\"news\""), [1]);
}

#[test]
fn plurals_find_singulars_and_the_other_way_round() {
    let corpus = Corpus::of_headlines("en", &["The refugee", "Two refugees", "Employees wanted", "One employee"]);
    assert_eq!(corpus.ranked("refugee"), [0, 1]);
    assert_eq!(corpus.ranked("refugees "), [1, 0]);
    assert_eq!(corpus.ranked("employee"), [3, 2]);
    assert_eq!(corpus.ranked("\"employees\""), [2]);
}

#[test]
fn hyphens_in_text_and_query_do_not_matter() {
    let corpus = Corpus::of_headlines("en", &["Labour-market review, follow-up of 2021-03-09", "Other"]);
    for text in ["labour-market review", "labour market review", "market review", "follow-up", "2021-03-09"] {
        assert_eq!(corpus.ranked(text), [0], "{text}");
    }
}

#[test]
fn exclusions_and_texts_without_words() {
    let corpus = Corpus::of_headlines("en", &["The budget", "Peace", "Budgets and peace"]);
    assert_eq!(corpus.ranked("-budget"), [1]);
    assert_eq!(corpus.ranked("peace -budget"), [1]);
    assert_eq!(corpus.ranked("peace -\"budget\""), [1, 2]);
    for nothing in ["", " ", "-", "\"", "++_=_@!", "qqqq", "📧"] {
        assert_eq!(corpus.ranked(nothing), [] as [u32; 0], "{nothing}");
    }
}

#[test]
fn a_headline_of_common_words_finds_its_release_first() {
    let corpus = Corpus::of_headlines("en", &["The of who it", "The Who of It", "It", "Who is who", "The"]);
    assert_eq!(corpus.ranked("The Who of It")[0], 1);
}

#[test]
fn all_words_are_wanted_and_any_word_if_no_release_has_all() {
    let corpus = Corpus::of_headlines("en", &["Child labour", "Child health", "Forced labour", "Water"]);
    assert_eq!(corpus.ranked("child labour "), [0]);
    assert_eq!(corpus.ranked("water health "), [3, 1]);
    // The only release with both words is excluded.
    assert_eq!(corpus.ranked("child labour -\"child labour\" "), [1, 2]);
    let query = parse("water health ").unwrap();
    let request = Search { query: &query, fields: &Field::ALL, mode: Mode::All, names: &[] };
    assert!(search(&corpus.segments, &corpus.domain(), request).unwrap().slots.is_empty());
}

#[test]
fn a_typing_error_is_forgiven_if_nothing_else_is_found() {
    let corpus = Corpus::of_headlines("en", &["Zanzibarium opens", "Elections in Bern", "Selection of judges"]);
    assert_eq!(corpus.ranked("zanzibarum"), [0]);
    assert_eq!(corpus.ranked("electoins"), [1]);
    assert_eq!(corpus.ranked("\"electoins\""), [] as [u32; 0]);
    assert_eq!(corpus.suggestion("the electoins in bern"), Some("the elections in bern".to_owned()));
    assert_eq!(corpus.suggestion("elections"), None);
}

#[test]
fn hidden_documents_do_not_move_scores_suggestions_or_expansions() {
    let texts =
        ["Labour report", "Report on labour and labour law", "Zanzibarium labour", "Labours and laborious work"];
    let without = Corpus::of_headlines("en", &texts[..2]);
    let mut with = Corpus::of_headlines("en", &texts);
    with.hide(&[2, 3]);
    for text in ["labour", "report labour", "labou", "\"labour law\"", "zanzibarum", "lab"] {
        let (a, b) = (without.matches(text), with.matches(text));
        assert_eq!(a.slots, b.slots, "{text}");
        for slot in &a.slots {
            assert_eq!(a.hit(slot), b.hit(slot), "{text}");
        }
        assert_eq!(without.suggestion(text), with.suggestion(text), "{text}");
    }
}

#[test]
fn the_press_finds_embargoed_documents_with_scores_of_public_ones() {
    let texts = ["Labour report", "Report on labour and labour law", "Embargoed labour"];
    let public = Corpus::of_headlines("en", &texts[..2]);
    let mut press = Corpus::of_headlines("en", &texts);
    press.counted.remove(2);
    assert_eq!(press.matches("labour").slots.len(), 3);
    for slot in 0..2 {
        assert_eq!(press.matches("labour").hit(slot), public.matches("labour").hit(slot));
    }
}

#[test]
fn names_of_topics_are_a_field_with_synonyms() {
    let mut corpus = Corpus::of_headlines("en", &["Report", "Statement", "Speech on work"]);
    let of_topic = std::sync::Arc::new(RoaringBitmap::from([1, 2]));
    corpus.names = vec![
        Name::new(Field::Topics, "Child labour", "en", of_topic.clone()),
        Name::new(Field::Topics, "Travail des enfants", "fr", of_topic.clone()),
        Name::new(Field::Topics, "Kids at work", "en", of_topic),
    ];
    assert_eq!(corpus.ranked("child labour"), [1, 2]);
    assert_eq!(corpus.ranked("enfants"), [1, 2]);
    assert_eq!(corpus.ranked("\"kids at work\""), [1, 2]);
    assert_eq!(corpus.ranked("kids speech "), [2]);
    let query = parse("labour").unwrap();
    let request = Search { query: &query, fields: &[Field::Headline], mode: Mode::Auto, names: &corpus.names };
    assert!(search(&corpus.segments, &corpus.domain(), request).unwrap().slots.is_empty());
}

#[test]
fn scores_do_not_depend_on_segments_or_dead_documents() {
    let texts: Vec<String> = (0..40).map(|n| format!("labour {} report {}", "work ".repeat(n % 7), n % 5)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let small = Corpus::of_headlines("en", &texts[..20]);
    let mut large = Corpus::of_headlines("en", &texts);
    for key in 1020..1040 {
        assert!(large.segments.set_slot(key, DEAD).unwrap());
    }
    large.found = small.found.clone();
    large.counted = small.counted.clone();
    let storage = Storage::in_memory();
    for step in 0..3 {
        for text in ["labour", "labour work", "reports -3", "\"work report\""] {
            let (a, b) = (small.matches(text), large.matches(text));
            assert_eq!(a.slots, b.slots, "{text}");
            a.slots.iter().for_each(|slot| assert_eq!(a.hit(slot), b.hit(slot), "{text}, step {step}"));
        }
        if let Some(inputs) = large.segments.plan_merge(&storage, true) {
            Merge::run(&storage, inputs).unwrap().complete(&mut large.segments);
        }
    }
}

#[test]
fn working_revisions_are_found_by_those_who_may() {
    let mut corpus = Corpus::of_headlines("en", &["Alpha", "Bravo", "Charlie"]);
    // The second document is the working revision of the first release.
    assert!(corpus.segments.set_slot(1001, WORKING).unwrap());
    let domain = |working: Option<&RoaringBitmap>| {
        let found = RoaringBitmap::from([0, 2]);
        Domain::new(&corpus.segments, &found, &found, working)
    };
    let slots = |domain: &Domain, text: &str| {
        let query = parse(text).unwrap();
        let request = Search { query: &query, fields: &Field::ALL, mode: Mode::Auto, names: &[] };
        search(&corpus.segments, domain, request).unwrap().slots.iter().collect::<Vec<_>>()
    };
    let (public, desk) = (domain(None), domain(Some(&RoaringBitmap::from([0]))));
    assert_eq!(slots(&public, "alpha"), [0]);
    assert_eq!(slots(&public, "bravo"), [] as [u32; 0]);
    assert_eq!(slots(&desk, "alpha"), [0]);
    assert_eq!(slots(&desk, "bravo"), [0]);
    assert_eq!(slots(&desk, "-alpha"), [0, 2]);
    assert_eq!(slots(&desk, "-charlie"), [0]);
}
