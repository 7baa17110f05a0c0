//! The order of an answer's root fields. They are resolved side by side and come as they are done; the specification wants them as
//! they were asked for (GraphQL, October 2021, 7.2.2), and equal questions want equal bytes. Below the root everything is resolved
//! in order.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Value,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

/// Puts the fields of an answer's root into the order in which the operation asks for them.
pub(super) fn put_in_order(root: &mut Value, document: &ExecutableDocument, operation: Option<&str>) {
    let Value::Object(fields) = root else { return };
    if fields.len() < 2 {
        return;
    }
    let mut operations = document.operations.iter();
    let asked = operations.find(|(name, _)| operation.is_none() || name.map(Name::as_str) == operation);
    let Some((_, asked)) = asked else { return };
    let mut places = Places { document, of: HashMap::new(), spread: HashSet::new() };
    places.take(&asked.node.selection_set.node);
    fields.sort_by_cached_key(|name, _| places.of.get(name).copied().unwrap_or(usize::MAX));
}

struct Places<'a> {
    document: &'a ExecutableDocument,
    of: HashMap<&'a Name, usize>,
    spread: HashSet<&'a Name>,
}

impl<'a> Places<'a> {
    /// As deep as brackets may be nested and fragments spread fragments, each once.
    fn take(&mut self, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let next = self.of.len();
                    self.of.entry(&field.node.response_key().node).or_insert(next);
                }
                Selection::InlineFragment(fragment) => self.take(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name).filter(|_| self.spread.insert(name)) {
                        self.take(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_come_as_they_were_asked_for_through_all_fragments() {
        let query = "query A { z } query B { b ...F ... on Query { a b } c: z ...F } fragment F on Query { y ...G } fragment G on Query { x b }";
        let document = parse_query(query).unwrap();
        let mut root = Value::from_json(json!({ "a": 1, "b": 2, "c": 3, "x": 4, "y": 5, "z": 6 })).unwrap();
        put_in_order(&mut root, &document, Some("B"));
        assert_eq!(root.to_string(), "{b: 2, y: 5, x: 4, a: 1, c: 3, z: 6}");
    }
}
