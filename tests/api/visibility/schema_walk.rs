//! Generates queries and mutations for every field and argument of the schema, which it reads by introspection. Tests
//! that use these queries cover new fields automatically.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::harness::{Caller, TestServer};

/// The introspection query with which the schema is read.
const INTROSPECTION: &str =
    "{ __schema { types { kind name possibleTypes { name } inputFields { name defaultValue type { ...T } }
    enumValues { name } fields { name args { name defaultValue type { ...T } } type { ...T } } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The ids and texts that generated queries use as argument values.
pub(crate) struct ValuePool {
    pub(crate) ids: Vec<String>,
    pub(crate) texts: Vec<String>,
}

/// A generated query or mutation: its root field, its text and its variables.
pub(crate) struct GeneratedQuery {
    pub(crate) field: String,
    pub(crate) query: String,
    pub(crate) variables: Value,
}

pub(crate) struct Schema {
    pub(crate) types: HashMap<String, Value>,
}

impl Schema {
    pub(crate) async fn introspect(server: &TestServer) -> Self {
        let data = server.data(Caller::Public, INTROSPECTION, json!({})).await;
        let types = data["__schema"]["types"].as_array().expect("the schema has types").iter();
        Self { types: types.map(|kind| (text(&kind["name"]), kind.clone())).collect() }
    }

    /// Generates queries for every field of a root type. For each field there is a query with only the required
    /// arguments, and a query for each argument and each suitable value from the pool.
    pub(crate) fn generate_queries(&self, root: &str, pool: &ValuePool, depth: usize) -> Vec<GeneratedQuery> {
        let mut queries = Vec::new();
        for field in list(&self.types[root]["fields"]) {
            let arguments = list(&field["args"]);
            let candidates: Vec<Vec<Value>> =
                arguments.iter().map(|argument| self.candidates(&argument["type"], pool, 3)).collect();
            let base: Map<String, Value> = arguments
                .iter()
                .zip(&candidates)
                .filter(|(argument, _)| required(argument))
                .map(|(argument, values)| (text(&argument["name"]), values[0].clone()))
                .collect();
            let mut argument_sets = vec![base.clone()];
            for (argument, values) in arguments.iter().zip(&candidates) {
                for value in values {
                    let mut argument_set = base.clone();
                    argument_set.insert(text(&argument["name"]), value.clone());
                    argument_sets.push(argument_set);
                }
            }
            for argument_set in argument_sets {
                queries.push(self.generate_query(root, field, arguments, argument_set, depth));
            }
        }
        queries
    }

    fn generate_query(
        &self,
        root: &str,
        field: &Value,
        arguments: &[Value],
        argument_set: Map<String, Value>,
        depth: usize,
    ) -> GeneratedQuery {
        let name = text(&field["name"]);
        let arguments_given: Vec<&Value> =
            arguments.iter().filter(|argument| argument_set.contains_key(&text(&argument["name"]))).collect();
        let declared: String =
            arguments_given.iter().map(|a| format!("${}: {} ", text(&a["name"]), type_text(&a["type"]))).collect();
        let passed: String = arguments_given.iter().map(|a| format!("{0}: ${0} ", text(&a["name"]))).collect();
        let (declared, passed) = if arguments_given.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("({declared})"), format!("({passed})"))
        };
        let operation = if root == "Mutation" { "mutation" } else { "query" };
        let selection = self.selection(&named_type(&field["type"]), depth);
        GeneratedQuery {
            query: format!("{operation}{declared} {{ {name}{passed}{selection} }}"),
            field: name,
            variables: Value::Object(argument_set),
        }
    }

    /// Returns a selection with every field of a type, and with the fields of its objects down to a depth.
    fn selection(&self, name: &str, depth: usize) -> String {
        self.selection_under(name, depth, "")
    }

    /// Like [`Self::selection`], but puts a prefix before every response key. Fragments on different types of an
    /// interface need different response keys, because fields with the same key must have the same type.
    fn selection_under(&self, name: &str, depth: usize, prefix: &str) -> String {
        let kind = &self.types[name];
        let composite =
            |name: &str| matches!(self.types[name]["kind"].as_str(), Some("OBJECT" | "INTERFACE" | "UNION"));
        if !composite(name) {
            return String::new();
        }
        let mut selection = " { __typename ".to_owned();
        for field in list(&kind["fields"]) {
            let (name, target) = (text(&field["name"]), named_type(&field["type"]));
            let paged = list(&field["args"]).iter().any(|argument| argument["name"] == "first");
            let mut arguments_given: Vec<String> = list(&field["args"])
                .iter()
                .filter(|argument| required(argument))
                .map(|argument| format!("{}: {}", text(&argument["name"]), self.literal(&argument["type"])))
                .collect();
            if paged {
                arguments_given.push("first: 2".to_owned());
            }
            let arguments =
                if arguments_given.is_empty() { String::new() } else { format!("({})", arguments_given.join(" ")) };
            let key = if prefix.is_empty() { String::new() } else { format!("{prefix}_{name}: ") };
            if !composite(&target) {
                selection += &format!("{key}{name}{arguments} ");
            } else if depth > 0 {
                selection += &format!("{key}{name}{arguments}{} ", self.selection(&target, depth - 1));
            }
        }
        for possible in list(&kind["possibleTypes"]).iter().filter(|_| kind["kind"] == "INTERFACE" && depth > 0) {
            let possible = text(&possible["name"]);
            selection += &format!("... on {possible}{} ", self.selection_under(&possible, depth - 1, &possible));
        }
        selection + "}"
    }

    /// Returns a GraphQL literal that is valid for an input type.
    fn literal(&self, kind: &Value) -> String {
        let name = named_type(kind);
        let definition = &self.types[&name];
        match (definition["kind"].as_str(), name.as_str()) {
            (Some("ENUM"), _) => text(&definition["enumValues"][0]["name"]),
            (_, "DateRange") => "{from: \"2006-01-01\", until: \"2006-12-31\"}".to_owned(),
            _ => panic!("no literal for the type {name}"),
        }
    }

    /// Returns JSON values to try for an input type, including ids and texts from the pool. Input objects are nested
    /// down to `depth`.
    pub(crate) fn candidates(&self, kind: &Value, pool: &ValuePool, depth: usize) -> Vec<Value> {
        match kind["kind"].as_str() {
            Some("NON_NULL") => return self.candidates(&kind["ofType"], pool, depth),
            Some("LIST") => {
                return self.candidates(&kind["ofType"], pool, depth).into_iter().map(|value| json!([value])).collect();
            }
            _ => {}
        }
        let name = text(&kind["name"]);
        let definition = &self.types[&name];
        match (definition["kind"].as_str(), name.as_str()) {
            (Some("ENUM"), _) => list(&definition["enumValues"]).iter().map(|value| value["name"].clone()).collect(),
            (Some("INPUT_OBJECT"), _) if depth == 0 => Vec::new(),
            (Some("INPUT_OBJECT"), _) => {
                let fields = list(&definition["inputFields"]);
                let base: Map<String, Value> = fields
                    .iter()
                    .filter(|field| required(field))
                    .filter_map(|field| {
                        Some((text(&field["name"]), self.candidates(&field["type"], pool, depth).first()?.clone()))
                    })
                    .collect();
                let with_field = |field: &Value, value: Value| {
                    let mut object = base.clone();
                    object.insert(text(&field["name"]), value);
                    Value::Object(object)
                };
                let each = fields.iter().flat_map(|field| {
                    self.candidates(&field["type"], pool, depth - 1)
                        .into_iter()
                        .map(|value| with_field(field, value))
                        .collect::<Vec<_>>()
                });
                each.collect()
            }
            (_, "ID") => pool.ids.iter().map(|id| json!(id)).collect(),
            (_, "Int") => vec![json!(1), json!(200)],
            (_, "Float") => vec![json!(11.5)],
            (_, "Boolean") => vec![json!(true), json!(false)],
            (_, "Date") => vec![json!("2006-05-02")],
            (_, "DateTime") => vec![json!("2006-05-02T00:00:00Z")],
            (_, "TimeZone") => vec![json!("UTC"), json!("Pacific/Apia")],
            (_, "Duration") => vec![json!("P1M"), json!("P300Y")],
            (_, "LanguageTag") => vec![json!("en"), json!("fr")],
            _ => pool.texts.iter().map(|text| json!(text)).collect(),
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn required(argument: &Value) -> bool {
    argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null()
}

/// Returns the name of a type without its list and non-null wrappers.
fn named_type(kind: &Value) -> String {
    if kind["name"].is_null() { named_type(&kind["ofType"]) } else { text(&kind["name"]) }
}

/// Returns a type as GraphQL syntax, for example `[ID!]!`.
pub(crate) fn type_text(kind: &Value) -> String {
    match kind["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_text(&kind["ofType"])),
        Some("LIST") => format!("[{}]", type_text(&kind["ofType"])),
        _ => text(&kind["name"]),
    }
}
