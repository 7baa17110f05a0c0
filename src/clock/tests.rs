//! Unit and property tests of the clock: samples, steps, drift, suspended machines and the offset limit.

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;

/// Arbitrary time in 2026 at monotonic time 0.
const START: i64 = 1_790_000_000 * SECOND;

fn unsynchronized() -> ReferenceClock {
    ReferenceClock::new(START, 2 * SECOND)
}

/// Returns a reference clock that was measured without error at one second of monotonic time.
fn synchronized() -> ReferenceClock {
    let reference = unsynchronized();
    reference.add_sample(SECOND, SECOND, START + SECOND);
    reference
}

#[test]
fn the_sample_with_the_shortest_round_trip_is_used() {
    let reference = synchronized();
    reference.add_sample(2 * SECOND, 2 * SECOND + 2000, START + 2 * SECOND + 1000);
    assert_eq!(reference.raw(3 * SECOND), START + 3 * SECOND);
    // The request took the whole round trip, and the response none, so the error of the measurement is half the
    // round trip. The sample is not used.
    reference.add_sample(3 * SECOND, 3 * SECOND + 400_000, START + 3 * SECOND + 400_000);
    assert_eq!(reference.raw(4 * SECOND), START + 4 * SECOND);
    // From here on, all responses are slow, and the reference clock is slewed. The quick sample is dropped in the
    // end.
    for number in 4..20 {
        let at = number * SECOND;
        reference.add_sample(at, at + 20_000, START + at + 10_000 + 200 * number);
    }
    let offset = reference.raw(20 * SECOND) - START - 20 * SECOND;
    assert!((2400..=3800).contains(&offset), "{offset}");
}

#[test]
fn a_slow_sample_is_used_only_while_there_is_no_other() {
    let reference = unsynchronized();
    assert!(!reference.is_measured());
    reference.add_sample(0, 3 * SECOND, START + 91 * SECOND);
    assert_eq!((reference.raw(3 * SECOND), reference.is_measured()), (START + 91 * SECOND, false), "never early");
    assert!(reference.problem(3 * SECOND, START + 93 * SECOND).unwrap().contains("not known yet"));
    reference.add_sample(4 * SECOND, 5 * SECOND, START + 5 * SECOND);
    assert_eq!((reference.raw(5 * SECOND), reference.is_measured()), (START + 5 * SECOND + SECOND / 2, true));
    reference.add_sample(5 * SECOND, 6 * SECOND + 2, START + 500 * SECOND);
    assert_eq!(reference.raw(6 * SECOND), START + 6 * SECOND + SECOND / 2, "an imprecise sample is ignored");
}

#[test]
fn a_clock_step_takes_effect_with_the_first_sample_that_shows_it() {
    let reference = synchronized();
    assert_eq!(reference.now(2 * SECOND), START + 2 * SECOND);
    // Forward, as after a suspension: the step takes effect at once, although this response is slower than the
    // earlier ones.
    reference.add_sample(2 * SECOND, 2 * SECOND + 4000, START + 3602 * SECOND);
    assert_eq!(reference.now(3 * SECOND), START + 3603 * SECOND - 2000);
    // Back: the returned time stands still until the reference clock has caught up.
    reference.add_sample(3 * SECOND, 3 * SECOND, START + 3598 * SECOND);
    let expected = 3603 * SECOND - 2000;
    for (elapsed, now) in [(3, expected), (5, expected), (7, expected), (8, 3603 * SECOND), (9, 3604 * SECOND)] {
        assert_eq!(reference.now(elapsed * SECOND), START + now, "{elapsed}");
    }
}

#[test]
fn the_system_clock_does_not_change_the_time_and_is_reported_beyond_the_limit() {
    let reference = synchronized();
    for (ahead, expected) in [
        (2 * SECOND, None),
        (2 * SECOND + 1, Some("2.1 s ahead of the database's; the maximum is 2 s")),
        (90 * SECOND, Some("90 s ahead of the database's")),
        // After a problem, the offset must fall below nine tenths of the limit.
        (19 * SECOND / 10, Some("1.9 s ahead of the database's; the maximum is 1.8 s")),
        (18 * SECOND / 10, None),
        (19 * SECOND / 10, None),
        (-2 * SECOND, None),
        (
            -90_500_000,
            Some(
                "90.5 s behind the database's; the maximum is 2 s (clock.max_offset): synchronise both machines with NTP",
            ),
        ),
        (0, None),
    ] {
        let problem = reference.problem(SECOND, START + SECOND + ahead);
        match expected {
            None => assert_eq!(problem, None, "{ahead}"),
            Some(expected) => {
                assert!(problem.as_ref().is_some_and(|problem| problem.contains(expected)), "{ahead}: {problem:?}")
            }
        }
        assert_eq!(reference.now(SECOND), START + SECOND);
    }
}

#[test]
fn a_time_that_stands_still_longer_than_the_limit_is_reported() {
    let reference = synchronized();
    assert_eq!(reference.now(10 * SECOND), START + 10 * SECOND);
    reference.add_sample(10 * SECOND, 10 * SECOND, START + 5 * SECOND);
    let problem = |elapsed: i64| reference.problem(elapsed * SECOND, START + (elapsed - 5) * SECOND);
    assert!(problem(10).unwrap().contains("stands still for another 5 s; the maximum is 2 s"));
    assert!(problem(13).unwrap().contains("another 2 s; the maximum is 1.8 s"));
    assert_eq!(problem(14), None);
    assert_eq!(reference.now(14 * SECOND), START + 10 * SECOND);
}

#[test]
fn without_a_limit_any_offset_is_accepted_and_the_database_clock_is_used() {
    let reference = ReferenceClock::new(START, 0);
    assert!(reference.problem(0, START).unwrap().contains("not known yet"));
    reference.add_sample(0, 0, START - 7200 * SECOND);
    assert_eq!(reference.problem(SECOND, START), None);
    assert_eq!(reference.now(SECOND), START - 7199 * SECOND);
}

#[test]
fn without_a_limit_the_time_may_not_stand_still_for_long_either() {
    let reference = ReferenceClock::new(START, 0);
    reference.add_sample(0, 0, START);
    assert_eq!(reference.now(10 * SECOND), START + 10 * SECOND);
    reference.add_sample(10 * SECOND, 10 * SECOND, START + 5 * SECOND);
    let problem = |elapsed: i64| reference.problem(elapsed * SECOND, START + 7200 * SECOND);
    let reason = problem(10).unwrap();
    assert!(reason.contains("stands still for another 5 s; the maximum is 2 s: restart"), "{reason}");
    assert_eq!(problem(14), None);
}

#[test]
fn a_server_with_a_wrong_clock_uses_the_time_of_the_database() {
    let clock = Clock::skewed(TimeDelta::seconds(90));
    assert!(!clock.is_measured() && clock.problem().unwrap().contains("not known yet"));
    let (at, right) = (Instant::now(), DateTime::from_timestamp_micros(system()).unwrap());
    clock.add_sample(at, at, right);
    let now = clock.now();
    assert!(now >= right && clock.now() >= now && now - right < TimeDelta::seconds(80), "{now} {right}");
    assert!(clock.problem().unwrap().contains("s ahead of the database's"));
    clock.set_skew(TimeDelta::zero());
    assert_eq!(clock.problem(), None);
    // With SQLite the system clock is used, even if it is wrong.
    let clock = Clock::skewed(TimeDelta::seconds(90));
    clock.sample_system_clock();
    assert_eq!((clock.is_measured(), clock.problem()), (true, None));
    assert!(clock.now() >= right + TimeDelta::seconds(90));
}

#[test]
fn a_fixed_clock_is_set_and_not_measured() {
    let then = DateTime::from_timestamp_micros(START).unwrap();
    let clock = Clock::fixed_at(then);
    clock.add_sample(Instant::now(), Instant::now(), then + TimeDelta::days(1));
    clock.sample_system_clock();
    assert_eq!((clock.now(), clock.problem(), clock.is_measured()), (then, None, true));
    clock.set(then - TimeDelta::days(1));
    assert_eq!(clock.now(), then - TimeDelta::days(1));
}

/// Events of clocks. All time spans are in microseconds.
#[derive(Clone, Copy, Debug)]
enum Event {
    Wait(i64),
    /// The machine is suspended, so its monotonic clock stops.
    Sleep(i64),
    /// The database clock is stepped.
    Step(i64),
    /// A measurement: the durations of the request and of the response.
    Measure(i64, i64),
}

fn event() -> impl Strategy<Value = Event> {
    let delay = || prop_oneof![4 => 0..5000_i64, 2 => 0..400_000_i64, 1 => 0..3 * SECOND];
    prop_oneof![
        3 => (0..10 * SECOND).prop_map(Event::Wait),
        1 => (0..100_000 * SECOND).prop_map(Event::Sleep),
        1 => (-5000 * SECOND..5000 * SECOND).prop_map(Event::Step),
        1 => (-20_000..20_000_i64).prop_map(Event::Step),
        6 => (delay(), delay()).prop_map(|(outbound, inbound)| Event::Measure(outbound, inbound)),
    ]
}

proptest! {
    /// The returned time never goes back. Right after a precise measurement, the round trip bounds the error.
    #[test]
    fn time_never_goes_back_and_follows_the_database(events in prop::collection::vec(event(), 0..60)) {
        let reference = unsynchronized();
        let (mut elapsed, mut database, mut last) = (0_i64, START + 1234, i64::MIN);
        for event in events {
            match event {
                Event::Wait(span) => (elapsed, database) = (elapsed + span, database + span),
                Event::Sleep(span) => database += span,
                Event::Step(by) => database += by,
                Event::Measure(outbound, inbound) => {
                    let sent = elapsed;
                    (elapsed, database) = (elapsed + outbound + inbound, database + outbound + inbound);
                    reference.add_sample(sent, elapsed, database - inbound);
                    let error = (outbound + inbound + 1) / 2;
                    if error <= MAX_ROUND_TRIP / 2 {
                        let offset = (reference.raw(elapsed) - database).abs();
                        prop_assert!(offset <= 3 * error + TOLERANCE + 1, "wrong by {offset}, answered within {}", 2 * error);
                    }
                }
            }
            let now = reference.now(elapsed);
            prop_assert!(now >= last);
            prop_assert!(now == reference.raw(elapsed).max(last));
            last = now;
        }
    }
}
