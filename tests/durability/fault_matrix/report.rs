//! What came of the trials: the table, and what must never have happened.

use std::{collections::BTreeMap, fmt};

use crate::{
    client::Reply,
    mutation::{Act, Kind, Presence},
};

/// How many of the things that must never happen are told one by one.
const TOLD: usize = 25;

/// One trial.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) kind: Kind,
    pub(super) fault: String,
    pub(super) step: String,
    pub(super) answered: Reply,
    /// What of the act was there after the answer.
    pub(super) seen: Presence,
    /// What was there later: after a restart, if there was one.
    pub(super) kept: Presence,
    /// The answer to the same request under the same key.
    pub(super) again: Reply,
    /// What was there in the end.
    pub(super) last: Presence,
}

/// All trials on one database.
#[derive(Debug)]
pub(super) struct Sheet {
    database: &'static str,
    rows: BTreeMap<(String, String), Row>,
    wrong: Vec<String>,
    trials: usize,
    /// How often the server did nothing more though the fault was over.
    stuck: usize,
}

#[derive(Debug, Default)]
struct Row {
    done: usize,
    refused: usize,
    unknown: usize,
    other: usize,
    present: usize,
    absent: usize,
}

impl Trial {
    /// What of it must never happen.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let presences = [&self.seen, &self.kept];
        match &self.answered {
            Reply::Done if presences.iter().any(|&presence| *presence != Presence::Present) => {
                wrong.push("acknowledged and absent".to_owned());
            }
            Reply::Refused(_) if presences.iter().any(|&presence| *presence != Presence::Absent) => {
                wrong.push("refused and present".to_owned());
            }
            Reply::Repeated => wrong.push("answered as repeated at the first time".to_owned()),
            Reply::Wrong(what) => wrong.push(format!("none of the three answers: {what}")),
            _ => {}
        }
        if !matches!(self.again, Reply::Done | Reply::Repeated) {
            wrong.push(format!("the retry did not resolve it: {}", self.again));
        }
        if self.last != Presence::Present {
            wrong.push("after the retry there is not exactly one".to_owned());
        }
        wrong
    }
}

impl Sheet {
    pub(super) fn new(database: &'static str) -> Self {
        Self { database, rows: BTreeMap::new(), wrong: Vec::new(), trials: 0, stuck: 0 }
    }

    pub(super) fn note(&mut self, trial: &Trial) {
        let row = self.rows.entry((trial.fault.clone(), trial.step.clone())).or_default();
        match trial.answered {
            Reply::Done => row.done += 1,
            Reply::Refused(_) => row.refused += 1,
            Reply::Unknown => row.unknown += 1,
            Reply::Repeated | Reply::Wrong(_) => row.other += 1,
        }
        if trial.kept == Presence::Absent {
            row.absent += 1
        } else {
            row.present += 1
        }
        self.trials += 1;
        for what in trial.wrong() {
            self.wrong.push(format!("{what} | {:?}, {}, {}: {trial:?}", trial.kind, trial.fault, trial.step));
        }
    }

    /// Something beside a trial that must never happen.
    pub(super) fn fail(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// The server had to be started anew before anything could be written.
    pub(super) fn stuck(&mut self, reply: &impl fmt::Display) {
        self.stuck += 1;
        self.wrong.push(format!("the server writes nothing more though the fault is over | {reply}"));
    }

    /// After a last restart: what was there in the end still is.
    pub(super) fn still_there(&mut self, acts: &[Act], url: &str) {
        for act in acts {
            let presence = act.presence(url);
            if presence != Presence::Present {
                self.wrong.push(format!("lost at a later restart | {act:?} ({presence:?})"));
            }
        }
    }

    /// Prints the table, and fails where something was wrong.
    pub(super) fn close(self) {
        let heads = ["done", "refused", "unknown", "other", "present", "absent"];
        let heads: String = heads.iter().map(|head| format!("{head:>9}")).collect();
        println!("\n{}\n{:<34}{:<44}{heads}", self.database, "fault", "step");
        for ((fault, step), row) in &self.rows {
            let numbers = [row.done, row.refused, row.unknown, row.other, row.present, row.absent];
            let numbers: String = numbers.iter().map(|number| format!("{number:>9}")).collect();
            println!("{fault:<34}{step:<44}{numbers}");
        }
        println!("{} trials; {} restarts because nothing was written any more", self.trials, self.stuck);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for what in &self.wrong {
            let kind = what.split(" | ").next().unwrap_or_default();
            *kinds.entry(kind.chars().take(150).collect()).or_default() += 1;
        }
        for (kind, count) in &kinds {
            println!("wrong, {count} times: {kind}");
        }
        let told = self.wrong.iter().take(TOLD).map(|what| format!("\n- {what:.700}")).collect::<String>();
        assert!(self.wrong.is_empty(), "{}: {} things that must never happen:{told}", self.database, self.wrong.len());
        assert!(self.trials > 0, "{}: nothing was tried", self.database);
    }
}
