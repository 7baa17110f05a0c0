//! Input coercion of scalars and enums, from literals and from JSON (GraphQL, September 2025, 3.5 and 3.9).
//!
//! Also converts literals to `async-graphql` values. Lists and input objects are coerced in `variables`, and literals
//! of these types are checked in `values`.

use apollo_compiler::{
    ast::{Type, Value as Literal},
    schema::{EnumType, ExtendedType},
};
use async_graphql::{Name, Number, Value};
use async_graphql_value::Value as TargetValue;
use serde_json::Value as Json;

use super::{
    messages::{Disclosure, describe_type, did_you_mean},
    schema::OperationSchema,
};
use crate::graphql::base::excerpt::excerpt_with_ellipsis;

/// Checks that a literal is a value of a scalar or enum type. Fails with an error message.
pub(super) fn check_literal(
    schema: &OperationSchema,
    ty: &ExtendedType,
    literal: &Literal,
    disclosure: Disclosure,
) -> Result<(), String> {
    let name = ty.name().as_str();
    let actual = || literal_excerpt(literal);
    if let ExtendedType::Enum(ty) = ty {
        return match literal {
            Literal::Enum(value) if ty.values.contains_key(value) => Ok(()),
            Literal::Enum(value) => Err(unknown_enum_value(ty, value, disclosure)),
            _ => Err(format!("expected {}, found {}", describe_type(name, disclosure), actual())),
        };
    }
    let fits = match (name, literal) {
        ("Int", Literal::Int(number)) => {
            return number.try_to_i32().map(drop).map_err(|_| out_of_int_range(&actual()));
        }
        ("Float", Literal::Int(number)) => number.try_to_f64().is_ok(),
        ("Float", Literal::Float(number)) => number.try_to_f64().is_ok(),
        ("String" | "ID", Literal::String(_)) | ("ID", Literal::Int(_)) | ("Boolean", Literal::Boolean(_)) => true,
        _ => match (schema.scalar_check(name), convert_constant(schema, literal, &Type::Named(ty.name().clone()))) {
            (Some(check), Some(value)) => return check(&value),
            _ => false,
        },
    };
    if fits { Ok(()) } else { Err(format!("expected {}, found {}", describe_type(name, disclosure), actual())) }
}

/// Coerces a JSON value to a scalar or enum type. Fails with an error message.
pub(super) fn coerce_json(
    schema: &OperationSchema,
    ty: &ExtendedType,
    json: Json,
    disclosure: Disclosure,
) -> Result<Value, String> {
    let name = ty.name().as_str();
    let type_error = |json: &Json| {
        Err(format!("expected {}, found {}", describe_type(name, disclosure), excerpt_with_ellipsis(&json.to_string())))
    };
    if let ExtendedType::Enum(ty) = ty {
        return match json {
            Json::String(value) if ty.values.contains_key(value.as_str()) => Ok(Value::Enum(Name::new(value))),
            Json::String(value) => Err(unknown_enum_value(ty, &value, disclosure)),
            other => type_error(&other),
        };
    }
    match (name, json) {
        ("Int", Json::Number(number)) => match as_integer(&number) {
            Some(integer) if i32::try_from(integer).is_ok() => Ok(Value::from(integer as i32)),
            Some(_) => Err(out_of_int_range(&excerpt_with_ellipsis(&number.to_string()))),
            None if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
                Err(out_of_int_range(&excerpt_with_ellipsis(&number.to_string())))
            }
            None => type_error(&Json::Number(number)),
        },
        ("Float", Json::Number(number)) => Ok(Value::Number(number)),
        ("String" | "ID", Json::String(text)) => Ok(Value::String(text)),
        ("ID", Json::Number(number)) => match as_integer(&number) {
            Some(integer) => Ok(Value::String(integer.to_string())),
            None => type_error(&Json::Number(number)),
        },
        ("Boolean", Json::Bool(value)) => Ok(Value::Boolean(value)),
        (_, json) => {
            let Some(check) = schema.scalar_check(name) else { return type_error(&json) };
            let value = Value::from_json(json).map_err(|error| error.to_string())?;
            check(&value).map(|()| value)
        }
    }
}

/// Converts a JSON number to an integer. A number with a zero fraction, such as `1.0`, is an integer too, because
/// JSON has only one number type. Returns None for other numbers.
fn as_integer(number: &Number) -> Option<i64> {
    let is_exact = |number: f64| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| number.as_f64().filter(|&number| is_exact(number)).map(|number| number as i64))
}

fn out_of_int_range(actual: &str) -> String {
    format!("{actual} is not a 32-bit integer (-2147483648 to 2147483647)")
}

fn unknown_enum_value(ty: &EnumType, value: &str, disclosure: Disclosure) -> String {
    let value = excerpt_with_ellipsis(value);
    match disclosure {
        Disclosure::Hidden => format!("`{value}` is not a valid value here"),
        Disclosure::Full => {
            let did_you_mean = did_you_mean(&value, ty.values.keys().map(apollo_compiler::Name::as_str));
            format!("`{value}` is not a value of `{}`{did_you_mean}", ty.name)
        }
    }
}

/// Converts a literal without variables to an `async-graphql` value.
pub(super) fn convert_constant(schema: &OperationSchema, literal: &Literal, ty: &Type) -> Option<Value> {
    convert_literal(schema, literal, ty, &mut |_| None)?.into_const()
}

/// Converts a literal to an `async-graphql` value of type `ty`. Returns None for a variable that has no value.
/// Recursion depth: bracket nesting, limited by `limits.nesting`.
pub(super) fn convert_literal(
    schema: &OperationSchema,
    literal: &Literal,
    ty: &Type,
    variable: &mut dyn FnMut(&str) -> Option<Name>,
) -> Option<TargetValue> {
    Some(match literal {
        Literal::Null => TargetValue::Null,
        Literal::Enum(name) => TargetValue::Enum(Name::new(name)),
        Literal::Variable(name) => TargetValue::Variable(variable(name)?),
        Literal::String(text) => TargetValue::String(text.clone()),
        // An id may have more digits than a number type can hold.
        Literal::Int(number) if ty.inner_named_type() == "ID" => TargetValue::String(number.as_str().to_owned()),
        // Validation has checked that the number is in range.
        Literal::Float(number) => TargetValue::Number(self::number(number.as_str())?),
        Literal::Int(number) => TargetValue::Number(self::number(number.as_str())?),
        Literal::Boolean(value) => TargetValue::Boolean(*value),
        // A variable without a value becomes null if it is an item of a list.
        Literal::List(items) => {
            let items = items
                .iter()
                .map(|item| convert_literal(schema, item, ty.item_type(), variable).unwrap_or(TargetValue::Null));
            TargetValue::List(items.collect())
        }
        Literal::Object(fields) => {
            let ty = schema.schema.get_input_object(ty.inner_named_type())?;
            let fields = fields.iter().filter_map(|(name, literal)| {
                Some((Name::new(name), convert_literal(schema, literal, &ty.fields.get(name)?.ty, variable)?))
            });
            TargetValue::Object(fields.collect())
        }
    })
}

/// Parses a number. Returns None if neither a 64-bit integer nor a floating-point number can hold it.
fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok()
}

/// Returns the beginning of a literal on one line, for error messages.
pub(super) fn literal_excerpt(literal: &Literal) -> String {
    excerpt_with_ellipsis(&literal.serialize().no_indent().to_string())
}
