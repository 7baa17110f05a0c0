//! Report of the fault matrix: prints a table of the results, and lists the violations of the durability guarantees.

use std::{collections::BTreeMap, fmt};

use crate::{
    client::RequestResult,
    mutation::{Mutation, MutationKind, Presence},
};

/// Maximum number of violations that are printed in full.
const MAX_LISTED: usize = 25;

/// The results of one trial: one mutation with a fault at one step.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) kind: MutationKind,
    pub(super) fault: String,
    pub(super) step: String,
    pub(super) first_result: RequestResult,
    /// Whether the rows of the mutation were present right after the response.
    pub(super) presence_after_response: Presence,
    /// Whether the rows were present before the retry. If the server was restarted, this is after the restart.
    pub(super) presence_later: Presence,
    /// The result of a retry with the same idempotency key.
    pub(super) retry_result: RequestResult,
    /// Whether the rows were present after the retry.
    pub(super) final_presence: Presence,
}

/// The results of all trials on one database.
#[derive(Debug)]
pub(super) struct TrialReport {
    database: &'static str,
    rows: BTreeMap<(String, String), ReportRow>,
    violations: Vec<String>,
    trials: usize,
    /// How often the server still rejected writes after the fault was over.
    stuck_servers: usize,
}

#[derive(Debug, Default)]
struct ReportRow {
    done: usize,
    refused: usize,
    unknown: usize,
    other: usize,
    present: usize,
    absent: usize,
}

impl Trial {
    /// Returns descriptions of the guarantees that this trial violated.
    fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let presences = [&self.presence_after_response, &self.presence_later];
        match &self.first_result {
            RequestResult::Done if presences.iter().any(|&presence| *presence != Presence::Present) => {
                violations.push("acknowledged, but absent".to_owned());
            }
            RequestResult::Refused(_) if presences.iter().any(|&presence| *presence != Presence::Absent) => {
                violations.push("rejected, but present".to_owned());
            }
            RequestResult::Repeated => violations.push("first request got REPEATED".to_owned()),
            RequestResult::Wrong(violation) => violations.push(format!("unexpected response: {violation}")),
            _ => {}
        }
        if !matches!(self.retry_result, RequestResult::Done | RequestResult::Repeated) {
            violations.push(format!("the retry did not succeed: {}", self.retry_result));
        }
        if self.final_presence != Presence::Present {
            violations.push("after the retry, the change is not present exactly once".to_owned());
        }
        violations
    }
}

impl TrialReport {
    pub(super) fn new(database: &'static str) -> Self {
        Self { database, rows: BTreeMap::new(), violations: Vec::new(), trials: 0, stuck_servers: 0 }
    }

    pub(super) fn record(&mut self, trial: &Trial) {
        let row = self.rows.entry((trial.fault.clone(), trial.step.clone())).or_default();
        match trial.first_result {
            RequestResult::Done => row.done += 1,
            RequestResult::Refused(_) => row.refused += 1,
            RequestResult::Unknown => row.unknown += 1,
            RequestResult::Repeated | RequestResult::Wrong(_) => row.other += 1,
        }
        if trial.presence_later == Presence::Absent {
            row.absent += 1
        } else {
            row.present += 1
        }
        self.trials += 1;
        for violation in trial.violations() {
            self.violations.push(format!("{violation} | {:?}, {}, {}: {trial:?}", trial.kind, trial.fault, trial.step));
        }
    }

    /// Records a violation that does not belong to one trial.
    pub(super) fn fail(&mut self, violation: String) {
        self.violations.push(violation);
    }

    /// Records as a violation that the server accepted a write only after a restart.
    pub(super) fn record_stuck_server(&mut self, result: &impl fmt::Display) {
        self.stuck_servers += 1;
        self.violations.push(format!("the server rejects writes although the fault is over | {result}"));
    }

    /// Checks after a restart that the changes of the mutations are still present.
    pub(super) fn check_still_present(&mut self, mutations: &[Mutation], url: &str) {
        for mutation in mutations {
            let presence = mutation.presence(url);
            if presence != Presence::Present {
                self.violations.push(format!("lost at a later restart | {mutation:?} ({presence:?})"));
            }
        }
    }

    /// Prints the table. Panics if there were violations or no trials.
    pub(super) fn finish(self) {
        let columns = ["done", "refused", "unknown", "other", "present", "absent"];
        let columns: String = columns.iter().map(|column| format!("{column:>9}")).collect();
        println!("\n{}\n{:<34}{:<44}{columns}", self.database, "fault", "step");
        for ((fault, step), row) in &self.rows {
            let numbers = [row.done, row.refused, row.unknown, row.other, row.present, row.absent];
            let numbers: String = numbers.iter().map(|number| format!("{number:>9}")).collect();
            println!("{fault:<34}{step:<44}{numbers}");
        }
        println!("{} trials; {} restarts of a stuck server", self.trials, self.stuck_servers);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for violation in &self.violations {
            let kind = violation.split(" | ").next().unwrap_or_default();
            *kinds.entry(kind.chars().take(150).collect()).or_default() += 1;
        }
        for (kind, count) in &kinds {
            println!("violation, {count} times: {kind}");
        }
        let listed = self
            .violations
            .iter()
            .take(MAX_LISTED)
            .map(|violation| format!("\n- {violation:.700}"))
            .collect::<String>();
        assert!(self.violations.is_empty(), "{}: {} violations:{listed}", self.database, self.violations.len());
        assert!(self.trials > 0, "{}: no trial was run", self.database);
    }
}
