//! Validation of the root selection of subscriptions: it must have exactly one response key (GraphQL, September 2025,
//! 5.2.4.1).
//!
//! `apollo-compiler` 1.33 counts selections instead of response keys, so its errors about subscription roots are
//! ignored.

use std::collections::HashSet;

use apollo_compiler::{
    ExecutableDocument, Name,
    executable::{Selection, SelectionSet},
};

use super::{error::RequestError, position::Source};

/// Returns the errors in the root selections of a document's subscriptions.
pub(super) fn check(document: &ExecutableDocument, source: &Source) -> Vec<RequestError> {
    let mut errors = Vec::new();
    for operation in document.operations.iter().filter(|operation| operation.is_subscription()) {
        let mut check = RootCheck { document, source, keys: HashSet::new(), seen: HashSet::new(), errors: &mut errors };
        check.selections(&operation.selection_set);
    }
    errors
}

struct RootCheck<'a> {
    document: &'a ExecutableDocument,
    source: &'a Source,
    keys: HashSet<&'a Name>,
    seen: HashSet<&'a Name>,
    errors: &'a mut Vec<RequestError>,
}

impl<'a> RootCheck<'a> {
    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            let directives = selection.directives();
            if let Some(condition) = directives.get("skip").or_else(|| directives.get("include")) {
                self.report(
                    "`@skip` and `@include` are not allowed at the root of a subscription",
                    condition.location(),
                );
            }
            match selection {
                Selection::Field(field) => {
                    if field.name.starts_with("__") {
                        self.report(
                            "a subscription cannot select introspection fields at its root: use a query",
                            field.location(),
                        );
                    }
                    if self.keys.insert(field.response_key()) && self.keys.len() == 2 {
                        let message =
                            "a subscription selects exactly one field at its root: send one subscription per field";
                        self.report(message, field.location());
                    }
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|fragment| self.seen.insert(&fragment.name)) {
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn report(&mut self, message: &str, at: Option<apollo_compiler::parser::SourceSpan>) {
        self.errors.push(RequestError::invalid(message, self.source.start(at)));
    }
}
