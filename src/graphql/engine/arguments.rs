//! Reads field arguments, whether they are literals in the document or come from variables.
//!
//! The cost calculation uses this module to look up arguments and input fields by name, and to count values. Values
//! are not copied, and the values in a variable are counted only once. Resolvers do not use this module, because
//! `async-graphql` converts their arguments to Rust types.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
};

use async_graphql::{Name, Value as ConstValue, Variables, parser::types::Field};
use async_graphql_value::Value;

/// Argument lookup for one operation, with the values of its variables.
pub(in crate::graphql) struct Arguments<'a> {
    variables: &'a Variables,
    /// Number of values in each variable, computed when the variable is first used.
    variable_value_counts: RefCell<HashMap<&'a Name, u64>>,
}

impl<'a> Arguments<'a> {
    pub(in crate::graphql) fn new(variables: &'a Variables) -> Self {
        Self { variables, variable_value_counts: RefCell::default() }
    }

    /// Returns the number of values in the arguments of a field, including those nested in lists and objects.
    pub(in crate::graphql) fn count(&self, field: &'a Field) -> u64 {
        field.arguments.iter().map(|(_, value)| self.count_literal(&value.node)).fold(0, u64::saturating_add)
    }

    /// Returns an argument of a field. None if the argument is not given, or if it is a variable without a value.
    pub(in crate::graphql) fn get(&self, field: &'a Field, name: &str) -> Option<Argument<'a>> {
        let (_, value) = field.arguments.iter().find(|(argument_name, _)| argument_name.node == name)?;
        self.resolve(&value.node)
    }

    /// Returns a field of an input object; None if the field is not given or the argument is not an object.
    pub(in crate::graphql) fn object_field(&self, argument: Argument<'a>, name: &str) -> Option<Argument<'a>> {
        match argument {
            Argument::Literal(Value::Object(fields)) => self.resolve(fields.get(name)?),
            Argument::Variable(ConstValue::Object(fields)) => fields.get(name).map(Argument::Variable),
            _ => None,
        }
    }

    /// Returns the items of a list. A value that is not a list is returned as the only item, because GraphQL coerces
    /// it to a list of one.
    pub(in crate::graphql) fn items(&self, argument: Argument<'a>) -> Vec<Argument<'a>> {
        match argument {
            Argument::Literal(Value::List(items)) => items.iter().filter_map(|item| self.resolve(item)).collect(),
            Argument::Variable(ConstValue::List(items)) => items.iter().map(Argument::Variable).collect(),
            other => vec![other],
        }
    }

    /// Resolves a value in the document. A variable becomes its value; None for a variable without a value.
    fn resolve(&self, value: &'a Value) -> Option<Argument<'a>> {
        match value {
            Value::Variable(name) => self.variable(name).map(Argument::Variable),
            value => Some(Argument::Literal(value)),
        }
    }

    /// Returns the coerced value of a variable; None if the variable has no value.
    fn variable(&self, name: &Name) -> Option<&'a ConstValue> {
        self.variables.get(name)
    }

    /// Returns the number of values in a literal, including the values of the variables in the literal. Recursion
    /// depth: bracket nesting, limited by `limits.nesting`.
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

/// Counts values, including those nested in lists and objects. Does not recurse.
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

/// The value of an argument, or a part of the value such as an input field.
#[derive(Clone, Copy)]
pub(in crate::graphql) enum Argument<'a> {
    /// A literal in the document.
    Literal(&'a Value),
    /// The value of a variable.
    Variable(&'a ConstValue),
}

impl<'a> Argument<'a> {
    /// Returns an integer; None for any other value.
    pub(in crate::graphql) fn as_integer(self) -> Option<i64> {
        match self {
            Self::Literal(Value::Number(number)) | Self::Variable(ConstValue::Number(number)) => number.as_i64(),
            _ => None,
        }
    }

    /// Returns the text of an enum value or a string; None for any other value.
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

    /// Returns the length of a list; None for any other value.
    pub(in crate::graphql) fn length(self) -> Option<u64> {
        match self {
            Self::Literal(Value::List(items)) => Some(items.len() as u64),
            Self::Variable(ConstValue::List(items)) => Some(items.len() as u64),
            _ => None,
        }
    }
}
