//! Tests of the NDJSON format: records round-trip, and invalid lines are refused with a message for every error.

use proptest::prelude::*;

use super::*;

/// Parses a valid line without control characters.
fn read(line: &str) -> Record {
    let (record, controls) = parse(line).unwrap_or_else(|why| panic!("{line}: {why}"));
    assert!(controls.is_empty());
    record
}

#[test]
fn a_record_round_trips() {
    let line = r#"{"type":"release","slug":"a-b","externalId":"x","kind":"SPEECH","headline":"A","releaseDate":"2006-05-08","state":"WITHDRAWN","publishedAt":"2006-05-08T09:00:00Z","withdrawal":{"kind":"GONE","at":"2007-01-01T00:00:00.5Z"},"datelinePlaces":["bangkok"],"topics":["x"]}"#;
    assert_eq!(to_line(&read(line)).unwrap(), line.replace("00.5Z", "00.500Z"));
    let line = r#"{"type":"topic","slug":"a","name":"A","altNames":[{"language":"fr","name":"B"},{"name":"C"}],"broader":["x","y"]}"#;
    assert_eq!(to_line(&read(line)).unwrap(), line);
}

#[test]
fn short_forms_are_accepted() {
    let line = r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","state":"WITHDRAWN","withdrawal":"GONE","summary":null}"#;
    let Record::Release(record) = read(line) else { panic!("expected a release") };
    assert_eq!(record.withdrawal.unwrap().kind, WithdrawalKind::Gone);
    let line = r#"{"type":"topic","slug":"a","name":"A","altNames":["B"],"broader":"x"}"#;
    let Record::Topic(record) = read(line) else { panic!("expected a topic") };
    assert_eq!(
        (record.alt_names.unwrap()[0].language.clone(), record.broader),
        (None, Some(Slugs::One("x".to_owned())))
    );
}

fn release(fields: &str) -> String {
    format!(r#"{{"type":"release","headline":"A","releaseDate":"2006-05-08",{fields}}}"#)
}

fn dated(date: &str) -> String {
    format!(r#"{{"type":"release","headline":"A","releaseDate":{date}}}"#)
}

fn topic(fields: &str) -> String {
    format!(r#"{{"type":"topic","slug":"a","name":"A",{fields}}}"#)
}

fn place(fields: &str) -> String {
    format!(r#"{{"type":"place","slug":"a","name":"A",{fields}}}"#)
}

#[track_caller]
fn assert_refused(lines: &[(String, &str)]) {
    for (line, expected) in lines {
        assert_eq!(parse(line).unwrap_err(), *expected, "{line}");
    }
}

#[test]
fn at_most_twenty_errors_of_one_record_are_reported() {
    let unknown = |count: usize| topic(&(0..count).map(|n| format!(r#""colour{n}":1"#)).collect::<Vec<_>>().join(","));
    let refusal = |line: &str| parse(line).unwrap_err();
    assert_eq!(refusal(&unknown(20)).matches("is not a field").count(), 20);
    assert!(!refusal(&unknown(20)).contains("and more"));
    for line in [unknown(21), unknown(5000), topic(&format!(r#""altNames":[{}1]"#, "2,".repeat(5000)))] {
        let why = refusal(&line);
        assert!(why.ends_with("; and more"), "{why}");
        assert_eq!(why.matches("; ").count(), 20, "{why}");
    }
    // Errors of nested objects count as errors of the record.
    let names = format!(r#""altNames":[{}{{}}]"#, r#"{"name":1,"colour":2},"#.repeat(3000));
    assert_eq!(refusal(&topic(&format!(r#"{names},"color":1"#))).matches("; ").count(), 20);
}

#[test]
fn invalid_records_are_refused() {
    assert_refused(&[
        ("{".to_owned(), "not JSON: EOF while parsing an object at column 1"),
        ("[]".to_owned(), "not a JSON object: it is an array; write one object per line"),
        ("true".to_owned(), "not a JSON object: it is a boolean; write one object per line"),
        ("{}".to_owned(), "type is missing: write dateline, topic, place or release"),
        (
            r#"{"type":"event"}"#.to_owned(),
            "type: \"event\" is not a type of record: write dateline, topic, place or release",
        ),
        (r#"{"type":"Releases"}"#.to_owned(), "type: \"Releases\" is not a type of record: did you mean \"release\"?"),
        (r#"{"type":7}"#.to_owned(), "type: 7 is a number: write dateline, topic, place or release"),
        (topic(r#""slug":"b""#), "not JSON: \"slug\" is given twice at column 44"),
        (topic(r#""altName":["B"]"#), "\"altName\" is not a field of a topic: did you mean \"altNames\"?"),
        (
            release(r#""release_date":"2006-05-08""#),
            "\"release_date\" is not a field of a release: did you mean \"releaseDate\"?",
        ),
        (
            topic(r#""colour":"red""#),
            "\"colour\" is not a field of a topic: its fields are slug, name, names, altNames, definition, uri, retiredAt and broader",
        ),
        (r#"{"type":"topic","name":"A"}"#.to_owned(), "slug is missing: add it"),
        (r#"{"type":"topic","slug":"a","name":null}"#.to_owned(), "name is null: write a string, in double quotes"),
    ]);
}

#[test]
fn an_invalid_date_or_instant_is_reported_with_field_and_value() {
    assert_refused(&[
        (
            dated("\"8 May 2006\""),
            "releaseDate: \"8 May 2006\" is not a date: write year, month and day, for example \"2006-05-08\"",
        ),
        (
            dated("\"2006-5-8\""),
            "releaseDate: \"2006-5-8\" is not a date: write year, month and day, for example \"2006-05-08\"",
        ),
        (dated("\"2020-02-30\""), "releaseDate: \"2020-02-30\" is not a date: February 2020 has 29 days"),
        (dated("\"2006-13-01\""), "releaseDate: \"2006-13-01\" is not a date: there is no month 13"),
        (
            dated("\"2006-05-08T00:00:00Z\""),
            "releaseDate: \"2006-05-08T00:00:00Z\" is more than a date: write the date alone, \"2006-05-08\"",
        ),
        (dated("20060508"), "releaseDate: 20060508 is a number: write year, month and day, for example \"2006-05-08\""),
        (
            dated("\"0000-03-01\""),
            "releaseDate: 0000-03-01 is outside the range of dates: write a date from 0001-01-01 to 9999-12-31",
        ),
        (
            release(r#""publishedAt":"2020-01-01T10:00:00""#),
            "publishedAt: \"2020-01-01T10:00:00\" has no offset: add Z for UTC, or an offset such as +01:00",
        ),
        (
            release(r#""publishedAt":"2020-01-01""#),
            "publishedAt: \"2020-01-01\" has no time and no offset: write date, time and offset, for example \"2006-05-08T09:00:00Z\"",
        ),
        (
            release(r#""publishedAt":"2020-02-30T10:00:00Z""#),
            "publishedAt: \"2020-02-30T10:00:00Z\" is not an instant: February 2020 has 29 days",
        ),
        (
            release(r#""publishedAt":"2020-02-01T25:00:00Z""#),
            "publishedAt: \"2020-02-01T25:00:00Z\" is not an instant: \"25:00:00\" is not a time of day; write date, time and offset, for example \"2006-05-08T09:00:00Z\"",
        ),
        (
            release(r#""publishedAt":"yesterday""#),
            "publishedAt: \"yesterday\" is not an instant: write date, time and offset, for example \"2006-05-08T09:00:00Z\"",
        ),
        (
            release(r#""publishedAt":1147050000"#),
            "publishedAt: 1147050000 is a number: write date, time and offset, for example \"2006-05-08T09:00:00Z\"",
        ),
        (
            release(r#""publishedAt":"0001-01-01T00:00:00+14:00""#),
            "publishedAt: 0000-12-31T10:00:00Z is outside the range of instants: write an instant that lies between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z when it is converted to UTC",
        ),
        (
            release(r#""publishedAt":"2005-12-31T23:59:60Z""#),
            "publishedAt: 2005-12-31T23:59:60Z has second 60, and leap seconds are not accepted: write second 59, or second 00 of the next minute",
        ),
        (
            release(r#""withdrawal":{"kind":"GONE","at":"2006-05-08T09:00:00"}"#),
            "withdrawal.at: \"2006-05-08T09:00:00\" has no offset: add Z for UTC, or an offset such as +01:00",
        ),
        (
            topic(r#""retiredAt":"2006-05-08 09:00""#),
            "retiredAt: \"2006-05-08 09:00\" has no offset: add Z for UTC, or an offset such as +01:00",
        ),
    ]);
}

#[test]
fn an_invalid_value_is_reported_with_field_and_value() {
    assert_refused(&[
        (
            release(r#""kind":"NEWS""#),
            "kind: \"NEWS\" is not a kind of release: write PRESS_RELEASE, STATEMENT, ARTICLE, FEATURE, MEDIA_ADVISORY, SPEECH or OPINION",
        ),
        (
            release(r#""state":"SCHEDULED""#),
            "state: \"SCHEDULED\" is not a state that can be imported: write DRAFT, PUBLISHED or WITHDRAWN",
        ),
        (
            release(r#""withdrawal":"gone""#),
            "withdrawal: \"gone\" is not a kind of withdrawal: write WITH_NOTICE, GONE, REDIRECT or VANISH",
        ),
        (
            release(r#""withdrawal":7"#),
            "withdrawal: 7 is a number: write a kind, or an object of kind, at, notice and redirectTo",
        ),
        (
            release(r#""withdrawal":{"at":null,"why":"x"}"#),
            "withdrawal.kind is missing: add it; \"withdrawal.why\" is not a field of a withdrawal: its fields are kind, at, notice and redirectTo",
        ),
        (
            place(r#""kind":"TOWN""#),
            "kind: \"TOWN\" is not a kind of place: write WORLD, REGION, SUBREGION, COUNTRY, ADMIN or CITY",
        ),
        (
            place(r#""kind":["CITY"]"#),
            "kind: […] is not a kind of place: write WORLD, REGION, SUBREGION, COUNTRY, ADMIN or CITY",
        ),
        (place(r#""kind":"CITY","m49":4"#), "m49: 4 is a number: write a string, in double quotes"),
        (
            place(r#""kind":"CITY","geonamesId":1.5"#),
            "geonamesId: 1.5 is not a whole number from -2147483648 to 2147483647: correct it",
        ),
        (
            place(r#""kind":"CITY","geonamesId":3000000000"#),
            "geonamesId: 3000000000 is not a whole number from -2147483648 to 2147483647: correct it",
        ),
        (
            r#"{"type":"dateline","version":-1}"#.to_owned(),
            "version: -1 is not a whole number from 0 to 4294967295: correct it",
        ),
        (place(r#""kind":"CITY","latitude":"11.5""#), "latitude: \"11.5\" is a string: write a number, without quotes"),
        (release(r#""topics":"work""#), "topics: \"work\" is a string: write an array, in square brackets"),
        (release(r#""topics":["work",7]"#), "topics.1: 7 is a number: write a string, in double quotes"),
        (topic(r#""broader":7"#), "broader: 7 is a number: write a slug, or an array of slugs"),
        (topic(r#""names":[{"language":"fr"}]"#), "names.0.name is missing: add it"),
        (
            topic(r#""names":[{"lang":"fr","name":"B"}]"#),
            "\"names.0.lang\" is not a field of a name: its fields are language and name",
        ),
        // All errors of one record are in one message.
        (
            r#"{"type":"release","releaseDate":"2006-02-30","kind":"NEWS","summary":7}"#.to_owned(),
            "kind: \"NEWS\" is not a kind of release: write PRESS_RELEASE, STATEMENT, ARTICLE, FEATURE, MEDIA_ADVISORY, SPEECH or OPINION; headline is missing: add it; summary: 7 is a number: write a string, in double quotes; releaseDate: \"2006-02-30\" is not a date: February 2006 has 28 days",
        ),
        (
            r#"{"type":"dateline","version":"1"}"#.to_owned(),
            "version: \"1\" is a string: write a whole number, without quotes",
        ),
    ]);
}

#[test]
fn long_values_are_shortened() {
    let long = "x".repeat(1000);
    let why = parse(&release(&format!(r#""kind":"{long}","{long}":1"#))).unwrap_err();
    assert!(why.chars().count() < 800 && why.contains("x…\""), "{why}");
}

#[test]
fn control_characters_are_replaced_in_every_text_and_counted() {
    let line = "{\"type\":\"release\",\"headline\":\"l\\u0092a\\u0000\",\"releaseDate\":\"2020-01-01\",\"topics\":[\"\u{FEFF}x\"],\
                \"withdrawal\":{\"kind\":\"GONE\",\"notice\":\"\u{93}\u{1}\"},\"summary\":\"a\\tb\\nc\"}";
    let (record, controls) = parse(line).unwrap();
    assert_eq!((controls.mapped, controls.removed), (2, 3));
    let Record::Release(record) = record else { panic!("expected a release") };
    assert_eq!((record.headline.as_str(), record.topics.as_deref()), ("l’a", Some(&["x".to_owned()][..])));
    assert_eq!(record.withdrawal.unwrap().notice.as_deref(), Some("“"));
    assert_eq!(record.summary.as_deref(), Some("a\tb\nc"));
}

#[test]
fn a_line_that_starts_as_a_release_is_a_release_or_invalid() {
    let valid = release(r#""slug":"a""#);
    for line in
        [valid.as_str(), " {\t\"type\" : \"release\" }", r#"{"type":"release","type":"topic"}"#, r#"{"type":"release""#]
    {
        assert!(starts_as_release(line) && matches!(parse(line), Ok((Record::Release(_), _)) | Err(_)), "{line}");
    }
    for line in [
        topic(r#""uri":null"#).as_str(),
        r#"{"type":"releases"}"#,
        r#"{"slug":"a","type":"release"}"#,
        r#"{"typ\u0065":"release"}"#,
        r#""type":"release""#,
        "",
    ] {
        assert!(!starts_as_release(line), "{line}");
    }
}

proptest! {
    #[test]
    fn any_line_is_parsed_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"type\"", "\"release\"", "\"topic\"", "\"slug\"", "\"names\"", "null", "1e9", "true", "\"é\u{1}\"", "\"2006-05-08\"", "\"releaseDate\"",
    ]), 0..16), text in any::<String>()) {
        let _ = parse(&pieces.concat());
        let _ = parse(&text);
        let quoted = serde_json::to_string(&text).unwrap();
        for field in ["releaseDate", "publishedAt", "kind", "state", "withdrawal", "topics", "headline"] {
            let _ = parse(&format!(r#"{{"type":"release","{field}":{quoted}}}"#));
        }
    }
}
