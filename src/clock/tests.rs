use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;

/// Some time in 2026, where the monotonic clock says 0.
const THEN: i64 = 1_790_000_000 * SECOND;

fn followed() -> Followed {
    Followed::new(THEN, 2 * SECOND)
}

/// One that was measured where the monotonic clock said a second, and is right.
fn right() -> Followed {
    let followed = followed();
    followed.take(SECOND, SECOND, THEN + SECOND);
    followed
}

#[test]
fn of_the_newest_measurements_the_one_with_the_quickest_answer_counts() {
    let followed = right();
    followed.take(2 * SECOND, 2 * SECOND + 2000, THEN + 2 * SECOND + 1000);
    assert_eq!(followed.raw(3 * SECOND), THEN + 3 * SECOND);
    // The way there took all of the time: wrong by half of it, and not counted.
    followed.take(3 * SECOND, 3 * SECOND + 400_000, THEN + 3 * SECOND + 400_000);
    assert_eq!(followed.raw(4 * SECOND), THEN + 4 * SECOND);
    // Slow answers alone, by a clock that is slewed: the quick one is forgotten in the end.
    for number in 4..20 {
        let at = number * SECOND;
        followed.take(at, at + 20_000, THEN + at + 10_000 + 200 * number);
    }
    let wrong = followed.raw(20 * SECOND) - THEN - 20 * SECOND;
    assert!((2400..=3800).contains(&wrong), "{wrong}");
}

#[test]
fn an_answer_that_took_too_long_is_used_only_while_there_is_no_other() {
    let followed = followed();
    assert!(!followed.is_measured());
    followed.take(0, 3 * SECOND, THEN + 91 * SECOND);
    assert_eq!((followed.raw(3 * SECOND), followed.is_measured()), (THEN + 91 * SECOND, false), "never early");
    assert!(followed.complaint(3 * SECOND, THEN + 93 * SECOND).unwrap().contains("not known yet"));
    followed.take(4 * SECOND, 5 * SECOND, THEN + 5 * SECOND);
    assert_eq!((followed.raw(5 * SECOND), followed.is_measured()), (THEN + 5 * SECOND + SECOND / 2, true));
    followed.take(5 * SECOND, 6 * SECOND + 2, THEN + 500 * SECOND);
    assert_eq!(followed.raw(6 * SECOND), THEN + 6 * SECOND + SECOND / 2, "it says nothing");
}

#[test]
fn a_step_counts_from_the_first_answer_that_shows_it() {
    let followed = right();
    assert_eq!(followed.now(2 * SECOND), THEN + 2 * SECOND);
    // Forward, as after a sleep: at once, though the answer is slower than those before.
    followed.take(2 * SECOND, 2 * SECOND + 4000, THEN + 3602 * SECOND);
    assert_eq!(followed.now(3 * SECOND), THEN + 3603 * SECOND - 2000);
    // Back: the time stands still until the clock has caught up.
    followed.take(3 * SECOND, 3 * SECOND, THEN + 3598 * SECOND);
    let told = 3603 * SECOND - 2000;
    for (elapsed, now) in [(3, told), (5, told), (7, told), (8, 3603 * SECOND), (9, 3604 * SECOND)] {
        assert_eq!(followed.now(elapsed * SECOND), THEN + now, "{elapsed}");
    }
}

#[test]
fn the_system_clock_changes_nothing_and_is_complained_of_beyond_the_limit() {
    let followed = right();
    for (ahead, told) in [
        (2 * SECOND, None),
        (2 * SECOND + 1, Some("2.1 s ahead of the database's, and 2 s are allowed")),
        (90 * SECOND, Some("90 s ahead of the database's")),
        // It has to become better than the limit.
        (19 * SECOND / 10, Some("1.9 s ahead of the database's, and 1.8 s are allowed")),
        (18 * SECOND / 10, None),
        (19 * SECOND / 10, None),
        (-2 * SECOND, None),
        (
            -90_500_000,
            Some(
                "90.5 s behind the database's, and 2 s are allowed (clock.max_offset): synchronize both machines with NTP",
            ),
        ),
        (0, None),
    ] {
        let complaint = followed.complaint(SECOND, THEN + SECOND + ahead);
        match told {
            None => assert_eq!(complaint, None, "{ahead}"),
            Some(told) => assert!(complaint.as_ref().is_some_and(|said| said.contains(told)), "{ahead}: {complaint:?}"),
        }
        assert_eq!(followed.now(SECOND), THEN + SECOND);
    }
}

#[test]
fn standing_still_for_longer_than_the_limit_is_complained_of() {
    let followed = right();
    assert_eq!(followed.now(10 * SECOND), THEN + 10 * SECOND);
    followed.take(10 * SECOND, 10 * SECOND, THEN + 5 * SECOND);
    let complaint = |elapsed: i64| followed.complaint(elapsed * SECOND, THEN + (elapsed - 5) * SECOND);
    assert!(complaint(10).unwrap().contains("stands still for another 5 s, and 2 s are allowed"));
    assert!(complaint(13).unwrap().contains("another 2 s, and 1.8 s are allowed"));
    assert_eq!(complaint(14), None);
    assert_eq!(followed.now(14 * SECOND), THEN + 10 * SECOND);
}

#[test]
fn without_a_limit_any_offset_is_taken_and_the_database_is_followed_all_the_same() {
    let followed = Followed::new(THEN, 0);
    assert!(followed.complaint(0, THEN).unwrap().contains("not known yet"));
    followed.take(0, 0, THEN - 7200 * SECOND);
    assert_eq!(followed.complaint(SECOND, THEN), None);
    assert_eq!(followed.now(SECOND), THEN - 7199 * SECOND);
}

#[test]
fn without_a_limit_the_time_may_not_stand_still_for_long_either() {
    let followed = Followed::new(THEN, 0);
    followed.take(0, 0, THEN);
    assert_eq!(followed.now(10 * SECOND), THEN + 10 * SECOND);
    followed.take(10 * SECOND, 10 * SECOND, THEN + 5 * SECOND);
    let complaint = |elapsed: i64| followed.complaint(elapsed * SECOND, THEN + 7200 * SECOND);
    let why = complaint(10).unwrap();
    assert!(why.contains("stands still for another 5 s, and 2 s are allowed: restart"), "{why}");
    assert_eq!(complaint(14), None);
}

#[test]
fn a_machine_whose_clock_is_wrong_goes_by_what_the_database_says() {
    let clock = Clock::skewed(TimeDelta::seconds(90));
    assert!(!clock.is_measured() && clock.complaint().unwrap().contains("not known yet"));
    let (at, right) = (Instant::now(), DateTime::from_timestamp_micros(system()).unwrap());
    clock.measured(at, at, right);
    let now = clock.now();
    assert!(now >= right && clock.now() >= now && now - right < TimeDelta::seconds(80), "{now} {right}");
    assert!(clock.complaint().unwrap().contains("s ahead of the database's"));
    clock.put_skew(TimeDelta::zero());
    assert_eq!(clock.complaint(), None);
    // A file's clock is the machine's, right or wrong.
    let clock = Clock::skewed(TimeDelta::seconds(90));
    clock.measured_here();
    assert_eq!((clock.is_measured(), clock.complaint()), (true, None));
    assert!(clock.now() >= right + TimeDelta::seconds(90));
}

#[test]
fn a_standing_clock_is_put_and_not_measured() {
    let then = DateTime::from_timestamp_micros(THEN).unwrap();
    let clock = Clock::standing_at(then);
    clock.measured(Instant::now(), Instant::now(), then + TimeDelta::days(1));
    clock.measured_here();
    assert_eq!((clock.now(), clock.complaint(), clock.is_measured()), (then, None, true));
    clock.put(then - TimeDelta::days(1));
    assert_eq!(clock.now(), then - TimeDelta::days(1));
}

/// What may happen to clocks. All spans are microseconds.
#[derive(Clone, Copy, Debug)]
enum Event {
    Wait(i64),
    /// The machine sleeps: its monotonic clock stops.
    Sleep(i64),
    /// Somebody puts the database's clock.
    Step(i64),
    /// The database is asked: how long the question and the answer take.
    Measure(i64, i64),
}

fn event() -> impl Strategy<Value = Event> {
    let delay = || prop_oneof![4 => 0..5000_i64, 2 => 0..400_000_i64, 1 => 0..3 * SECOND];
    prop_oneof![
        3 => (0..10 * SECOND).prop_map(Event::Wait),
        1 => (0..100_000 * SECOND).prop_map(Event::Sleep),
        1 => (-5000 * SECOND..5000 * SECOND).prop_map(Event::Step),
        1 => (-20_000..20_000_i64).prop_map(Event::Step),
        6 => (delay(), delay()).prop_map(|(there, back)| Event::Measure(there, back)),
    ]
}

proptest! {
    /// Whatever happens, the time never goes back; and right after an answer the clock that is followed is known as exactly as the
    /// answer was quick.
    #[test]
    fn time_never_goes_back_and_is_the_databases(events in prop::collection::vec(event(), 0..60)) {
        let followed = followed();
        let (mut elapsed, mut database, mut last) = (0_i64, THEN + 1234, i64::MIN);
        for event in events {
            match event {
                Event::Wait(span) => (elapsed, database) = (elapsed + span, database + span),
                Event::Sleep(span) => database += span,
                Event::Step(by) => database += by,
                Event::Measure(there, back) => {
                    let sent = elapsed;
                    (elapsed, database) = (elapsed + there + back, database + there + back);
                    followed.take(sent, elapsed, database - back);
                    let error = (there + back + 1) / 2;
                    if error <= MAX_ROUND_TRIP / 2 {
                        let wrong = (followed.raw(elapsed) - database).abs();
                        prop_assert!(wrong <= 3 * error + TOLERANCE + 1, "wrong by {wrong}, answered within {}", 2 * error);
                    }
                }
            }
            let now = followed.now(elapsed);
            prop_assert!(now >= last);
            prop_assert!(now == followed.raw(elapsed).max(last));
            last = now;
        }
    }
}
