//! Readers and editors who do not stop, and what they were answered.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    client::{Answer, Caller, Reply, reply},
    mutation::{Act, KINDS, Presence},
};

/// No refusal may take longer; "about two seconds" is what is promised.
pub(crate) const REFUSAL: Duration = Duration::from_secs(3);

/// Nobody is to wait longer, whatever comes of it.
const WAIT: Duration = Duration::from_secs(10);

/// A moment between two requests: the machine has other things to do.
const REST: Duration = Duration::from_millis(5);

const LIST: &str = "{ releases(first: 20) { totalCount nodes { id headline topics { name } } } }";
const DETAIL: &str =
    "{ releases(first: 1) { nodes { id headline body { html } revisions(first: 3) { nodes { number headline } } } } }";

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: Instant,
    pub(crate) writes: bool,
    pub(crate) reply: Reply,
    pub(crate) took: Duration,
}

#[derive(Debug, Default)]
struct Heard {
    events: Vec<Event>,
    /// Each act, and what was answered.
    acts: Vec<(Act, Reply)>,
}

/// Who asks, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    heard: Arc<Mutex<Heard>>,
    threads: Vec<JoinHandle<()>>,
}

/// All that was answered.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) events: Vec<Event>,
    pub(crate) acts: Vec<(Act, Reply)>,
}

impl Load {
    /// Editors, whose texts have so many letters, and readers.
    pub(crate) fn begin(caller: &Caller, editors: usize, readers: usize, letters: usize) -> Self {
        let mut load = Self { stop: Arc::default(), heard: Arc::default(), threads: Vec::new() };
        let shared = (load.stop.clone(), load.heard.clone());
        for number in 0..editors {
            let (stop, heard, caller) = (shared.0.clone(), shared.1.clone(), caller.clone());
            load.threads.push(thread::spawn(move || {
                let mut turn = number;
                while !stop.load(Ordering::Relaxed) {
                    edit(&heard, &caller, turn, letters);
                    turn += 1;
                    thread::sleep(REST);
                }
            }));
        }
        for number in 0..readers {
            let (stop, heard, mut caller) = (shared.0.clone(), shared.1.clone(), caller.clone());
            // Every other one is the public.
            if !number.is_multiple_of(2) {
                caller.token.clear();
            }
            let query = if number.is_multiple_of(2) { DETAIL } else { LIST };
            load.threads.push(thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let answer = caller.ask(query, &json!({}), None);
                    let reply = answer.as_ref().map_or_else(|_| reply(&answer), Answer::read);
                    note(&heard, false, begun, reply);
                    thread::sleep(REST);
                }
            }));
        }
        load
    }

    fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many answers there have been of a kind.
    pub(crate) fn count(&self, of: impl Fn(&Event) -> bool) -> usize {
        self.heard(|heard| heard.events.iter().filter(|event| of(event)).count())
    }

    /// Waits for an answer to a request that was sent after an instant; how long after it the answer came.
    pub(crate) fn first(&self, after: Instant, writes: bool, patience: Duration) -> Option<Duration> {
        loop {
            let found = self.heard(|heard| {
                let good = |event: &&Event| event.writes == writes && event.reply == Reply::Done;
                let sent = |event: &&Event| event.at.checked_sub(event.took).is_some_and(|sent| sent >= after);
                heard.events.iter().find(|event| good(event) && sent(event)).map(|event| event.at - after)
            });
            if found.is_some() || after.elapsed() > patience {
                return found;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// They stop when they have been answered.
    pub(crate) fn end(mut self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("an editor or a reader");
        }
        self.heard(|heard| Report { events: heard.events.clone(), acts: heard.acts.clone() })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn note(heard: &Mutex<Heard>, writes: bool, begun: Instant, reply: Reply) {
    let event = Event { at: Instant::now(), writes, reply, took: begun.elapsed() };
    heard.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
}

/// One act, and what has to be there before it.
fn edit(heard: &Mutex<Heard>, caller: &Caller, turn: usize, letters: usize) {
    let begun = Instant::now();
    match KINDS[turn % KINDS.len()].prepare_sized(caller, letters) {
        Err(reply) => note(heard, true, begun, reply),
        Ok(act) => {
            let begun = Instant::now();
            let reply = act.reply(caller);
            note(heard, true, begun, reply.clone());
            heard.lock().unwrap_or_else(PoisonError::into_inner).acts.push((act, reply));
        }
    }
}

impl Report {
    /// Prints what was answered, and how often.
    pub(crate) fn print(&self, name: &str) {
        let mut counts: BTreeMap<(bool, String), (usize, Duration)> = BTreeMap::new();
        for event in &self.events {
            let what: String = event.reply.to_string().chars().take(120).collect();
            let (count, longest) = counts.entry((event.writes, what)).or_default();
            *count += 1;
            *longest = (*longest).max(event.took);
        }
        for ((writes, what), (count, longest)) in counts {
            let who = if writes { "writes" } else { "reads" };
            println!("{name}: {who:<6} {what}: {count}, the longest {:.2} s", longest.as_secs_f64());
        }
    }

    /// Answers that must never be given, and refusals that took too long.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
        for event in &self.events {
            let who = if event.writes { "a write" } else { "a read" };
            let what = match &event.reply {
                Reply::Wrong(what) => format!("{who}: {what:.200}"),
                Reply::Unknown | Reply::Refused(_) if event.took > REFUSAL => format!("{who} was refused too late"),
                _ if event.took > WAIT => format!("{who} had to wait for more than {} s", WAIT.as_secs()),
                _ => continue,
            };
            *wrong.entry(what).or_default() += 1;
        }
        wrong.into_iter().map(|(what, count)| format!("{count} times {what}")).collect()
    }

    /// What does not agree with the database: acknowledged and absent, refused and present. What is not known is asked again.
    pub(crate) fn lost(&self, caller: &Caller, url: &str) -> Vec<String> {
        let mut lost = Vec::new();
        for (act, reply) in &self.acts {
            let presence = act.presence(url);
            match (reply, &presence) {
                (Reply::Done, Presence::Present) | (Reply::Refused(_), Presence::Absent) => {}
                (Reply::Unknown, Presence::Absent | Presence::Present) => {
                    let again = act.reply(caller);
                    if !matches!(again, Reply::Done | Reply::Repeated) || act.presence(url) != Presence::Present {
                        lost.push(format!("not known, and not resolved: {act:?}: {again}"));
                    }
                }
                // That it was answered so is told already.
                (Reply::Wrong(_), Presence::Absent | Presence::Present) => {}
                _ => lost.push(format!("answered as {reply}, but {presence:?}: {act:?}")),
            }
        }
        lost
    }
}

/// Fails where there is something, and tells it all.
pub(crate) fn none(name: &str, wrong: &[String]) {
    let told: String = wrong.iter().take(20).map(|what| format!("\n- {what:.600}")).collect();
    assert!(wrong.is_empty(), "{name}: {} things that must never happen:{told}", wrong.len());
}
