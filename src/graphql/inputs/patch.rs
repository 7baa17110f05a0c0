//! Conversion of input fields that may be absent or null (`MaybeUndefined`) to a `Patch` of the newsroom.

use async_graphql::{InputObject, MaybeUndefined};

use crate::{
    catalog::ConceptRef,
    graphql::base::{error::ApiError, scalars::LanguageTag},
    journal::Name,
    newsroom::Patch,
};

/// A name in one language.
#[derive(Clone, Debug, InputObject)]
pub struct NameInput {
    /// The language of the name.
    language: LanguageTag,
    /// The name, at most 300 characters.
    name: String,
}

/// Converts an input field to a patch: an absent field keeps the stored value, null clears it, a value replaces it.
pub fn patch<T>(value: MaybeUndefined<T>) -> Patch<T> {
    patch_with(value, |value| value)
}

/// Converts an input field to a patch, like [`patch`], and applies `convert` to its value.
pub fn patch_with<T, U>(value: MaybeUndefined<T>, convert: impl FnOnce(T) -> U) -> Patch<U> {
    match value {
        MaybeUndefined::Undefined => Patch::Keep,
        MaybeUndefined::Null => Patch::Clear,
        MaybeUndefined::Value(value) => Patch::Set(convert(value)),
    }
}

/// Converts an input field with a list of topic or place references to a patch.
pub fn patch_references<R>(
    value: MaybeUndefined<Vec<R>>,
    resolve: impl Fn(R) -> Result<ConceptRef, ApiError>,
) -> Result<Patch<Vec<ConceptRef>>, ApiError> {
    Ok(match value {
        MaybeUndefined::Undefined => Patch::Keep,
        MaybeUndefined::Null => Patch::Clear,
        MaybeUndefined::Value(references) => Patch::Set(references.into_iter().map(resolve).collect::<Result<_, _>>()?),
    })
}

/// Converts an input field with a list of names to a patch.
pub fn patch_names(value: MaybeUndefined<Vec<NameInput>>) -> Patch<Vec<Name>> {
    patch_with(value, |names| {
        names.into_iter().map(|name| Name { language: name.language.0, name: name.name }).collect()
    })
}
