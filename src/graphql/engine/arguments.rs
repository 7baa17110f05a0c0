//! Reads field arguments, whether they are literals in the document or come from variables.
//!
//! Used by the cost calculation: looks up arguments and input fields by name and counts values, by reference and
//! without copying. Each variable is counted once. Conversion into Rust types is the work of `async-graphql`.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
};

use async_graphql::{Name, Value as ConstValue, Variables, parser::types::Field};
use async_graphql_value::Value;

/// The arguments of one operation.
pub(in crate::graphql) struct Arguments<'a> {
    variables: &'a Variables,
    /// How many values each variable has.
    variable_value_counts: RefCell<HashMap<&'a Name, u64>>,
}

impl<'a> Arguments<'a> {
    pub(in crate::graphql) fn new(variables: &'a Variables) -> Self {
        Self { variables, variable_value_counts: RefCell::default() }
    }

    /// How many values the arguments of a field have, counted through lists and objects.
    pub(in crate::graphql) fn count(&self, field: &'a Field) -> u64 {
        field.arguments.iter().map(|(_, value)| self.count_literal(&value.node)).fold(0, u64::saturating_add)
    }

    /// An argument; none where it is not given.
    pub(in crate::graphql) fn get(&self, field: &'a Field, name: &str) -> Option<Argument<'a>> {
        let (_, value) = field.arguments.iter().find(|(argument_name, _)| argument_name.node == name)?;
        self.resolve(&value.node)
    }

    /// A field of an argument that is an object.
    pub(in crate::graphql) fn object_field(&self, argument: Argument<'a>, name: &str) -> Option<Argument<'a>> {
        match argument {
            Argument::Literal(Value::Object(fields)) => self.resolve(fields.get(name)?),
            Argument::Variable(ConstValue::Object(fields)) => fields.get(name).map(Argument::Variable),
            _ => None,
        }
    }

    /// The items of an argument that is a list; of anything else itself, as GraphQL takes it for a list of one.
    pub(in crate::graphql) fn items(&self, argument: Argument<'a>) -> Vec<Argument<'a>> {
        match argument {
            Argument::Literal(Value::List(items)) => items.iter().filter_map(|item| self.resolve(item)).collect(),
            Argument::Variable(ConstValue::List(items)) => items.iter().map(Argument::Variable).collect(),
            other => vec![other],
        }
    }

    /// What is written there, or what the variable that is written there has.
    fn resolve(&self, value: &'a Value) -> Option<Argument<'a>> {
        match value {
            Value::Variable(name) => self.variable(name).map(Argument::Variable),
            value => Some(Argument::Literal(value)),
        }
    }

    /// What a variable has, once it was coerced.
    fn variable(&self, name: &Name) -> Option<&'a ConstValue> {
        self.variables.get(name)
    }

    /// How many values there are in what is written, variables put in. Recurses as deep as brackets may be nested.
    fn count_literal(&self, value: &'a Value) -> u64 {
        let sum = |values: &mut dyn Iterator<Item = &'a Value>| {
            values.map(|value| self.count_literal(value)).fold(1, u64::saturating_add)
        };
        match value {
            Value::List(items) => sum(&mut items.iter()),
            Value::Object(fields) => sum(&mut fields.values()),
            Value::Variable(name) => match self.variable_value_counts.borrow_mut().entry(name) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => *entry.insert(self.variable(name).map_or(1, |value| count_values([value]))),
            },
            _ => 1,
        }
    }
}

/// How many values there are in some, counted through lists and objects, without recursion.
pub(in crate::graphql) fn count_values<'a>(values: impl IntoIterator<Item = &'a ConstValue>) -> u64 {
    let mut stack: Vec<&ConstValue> = values.into_iter().collect();
    let mut count = 0;
    while let Some(value) = stack.pop() {
        count += 1;
        match value {
            ConstValue::List(items) => stack.extend(items),
            ConstValue::Object(fields) => stack.extend(fields.values()),
            _ => {}
        }
    }
    count
}

/// An argument, or a part of one.
#[derive(Clone, Copy)]
pub(in crate::graphql) enum Argument<'a> {
    /// In the query.
    Literal(&'a Value),
    /// By a variable.
    Variable(&'a ConstValue),
}

impl<'a> Argument<'a> {
    /// A whole number.
    pub(in crate::graphql) fn as_integer(self) -> Option<i64> {
        match self {
            Self::Literal(Value::Number(number)) | Self::Variable(ConstValue::Number(number)) => number.as_i64(),
            _ => None,
        }
    }

    /// An enum's or a string's text.
    pub(in crate::graphql) fn as_name(self) -> Option<&'a str> {
        match self {
            Self::Literal(Value::Enum(name)) | Self::Variable(ConstValue::Enum(name)) => Some(name.as_str()),
            Self::Literal(Value::String(text)) | Self::Variable(ConstValue::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(in crate::graphql) fn is_null(self) -> bool {
        matches!(self, Self::Literal(Value::Null) | Self::Variable(ConstValue::Null))
    }

    /// A list's length.
    pub(in crate::graphql) fn length(self) -> Option<u64> {
        match self {
            Self::Literal(Value::List(items)) => Some(items.len() as u64),
            Self::Variable(ConstValue::List(items)) => Some(items.len() as u64),
            _ => None,
        }
    }
}
