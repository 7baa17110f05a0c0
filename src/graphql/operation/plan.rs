//! Query plan: one operation with fragments merged and `@skip` and `@include` applied, ready for execution.
//!
//! Planning implements CollectFields (GraphQL, September 2025, 6.3.2): each selection contains a response key only
//! once, and fields are in response order. If a selection on an interface or union differs by object type, the plan
//! has one inline fragment for each possible type. The plan omits arguments whose variable has no value (6.4.1).
//! Requests for the same operation share a plan if they give values to the same variables and have the same `@skip`
//! and `@include` conditions.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Name as GraphName, Node,
    ast::{Argument, DirectiveList, FieldDefinition, Value as Literal},
    executable::{Field, Operation, Selection, SelectionSet},
};
use async_graphql::{
    Name, Pos, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{
        self as target, DocumentOperations, ExecutableDocument, OperationDefinition, TypeCondition, VariableDefinition,
    },
};
use async_graphql_value::Value as TargetValue;

use super::{
    document::{Document, target_operation_type},
    error::{RequestError, check_limit},
    input_types,
    schema::OperationSchema,
};
use crate::limits::Limits;

/// Response key of the hidden field that the planner adds to an empty selection. This key and `TYPE_KIND_KEY` are not
/// valid GraphQL names, so no client can request them.
const EMPTY_SELECTION_KEY: &str = "";

/// Response key of the hidden field `__Type.kind`, which the planner adds to each selection that contains
/// `__Type.interfaces`.
const TYPE_KIND_KEY: &str = " kind";

/// Estimated memory of one field or argument value in a plan, in bytes.
const BYTES_PER_NODE: u64 = 600;

/// Maximum size of a plan, as a multiple of `limits.selections`. A plan can be larger than its document, because it
/// repeats a selection on an interface for each possible type.
const PLAN_SIZE_FACTOR: u64 = 4;

/// An operation in the form that async-graphql executes, with some hidden fields that the client did not request.
#[derive(Debug)]
pub struct Plan {
    operation: OperationDefinition,
    /// Whether the plan contains hidden fields (`EMPTY_SELECTION_KEY`, `TYPE_KIND_KEY`), which must be removed from
    /// the response.
    has_hidden: bool,
    /// The response keys under which the operation selects `__Type.interfaces`.
    interfaces: HashSet<Name>,
    /// How often the plan uses each variable.
    pub(in crate::graphql) variable_uses: HashMap<Name, u64>,
    /// Number of fields and argument values in the plan.
    size: u64,
    /// Number of bytes in the plan's string literals.
    bytes: u64,
}

impl Plan {
    /// Plans an operation for the given variables. Fails if the plan is too large.
    pub fn new(
        document: &Document,
        operation: &Node<Operation>,
        schema: &OperationSchema,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        let max_size = limits.selections.saturating_mul(PLAN_SIZE_FACTOR);
        let mut planner = Planner {
            document,
            schema,
            variables,
            has_hidden: false,
            interfaces: HashSet::new(),
            variable_uses: HashMap::new(),
            size: 0,
            bytes: 0,
            max_size,
            max_bytes: limits.body_bytes,
        };
        let selection_set = planner.selections(&[&operation.selection_set], operation.object_type());
        let at = document.source.start(operation.location());
        let advice = "select fewer fields on interfaces";
        check_limit(
            planner.size,
            max_size,
            "fields and values when planned for all types of its interfaces",
            "limits.selections",
            advice,
            at,
        )?;
        let (what, advice) = ("bytes of strings with fragments expanded", "send long values as variables");
        check_limit(planner.bytes, limits.body_bytes, what, "limits.body_bytes", advice, at)?;
        // async-graphql finds values only for declared variables, but ignores the declared types. All variables are
        // therefore declared with the same placeholder type.
        let placeholder_type = target::Type { base: target::BaseType::Named(Name::new("ID")), nullable: true };
        let declared = planner.variable_uses.keys().map(|name| {
            let (name, var_type) = (Positioned::new(name.clone(), at), Positioned::new(placeholder_type.clone(), at));
            let definition = VariableDefinition { name, var_type, directives: Vec::new(), default_value: None };
            Positioned::new(definition, at)
        });
        let operation = OperationDefinition {
            ty: target_operation_type(operation),
            variable_definitions: declared.collect(),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, at),
        };
        let Planner { has_hidden, interfaces, variable_uses, size, bytes, .. } = planner;
        Ok(Self { operation, has_hidden, interfaces, variable_uses, size, bytes })
    }

    /// Returns the planned operation. It contains no fragment spreads and no directives.
    pub(in crate::graphql) fn operation(&self) -> &OperationDefinition {
        &self.operation
    }

    /// Returns a document that contains only the planned operation.
    pub(in crate::graphql) fn document(&self) -> ExecutableDocument {
        let operation = Positioned::new(self.operation.clone(), self.operation.selection_set.pos);
        ExecutableDocument { operations: DocumentOperations::Single(operation), fragments: HashMap::default() }
    }

    /// Returns the estimated memory of the plan, in bytes.
    pub(in crate::graphql) fn weight(&self) -> u64 {
        self.size * BYTES_PER_NODE + self.bytes
    }

    /// Removes the hidden fields, which the client did not request, from a response.
    pub(in crate::graphql) fn remove_hidden_fields(&self, response: &mut Value) {
        if self.has_hidden {
            self.remove_hidden_fields_in(response);
        }
    }

    /// Removes the hidden fields from a value and from the values nested in it. Recursion depth: selection nesting,
    /// limited by `limits.nesting`.
    fn remove_hidden_fields_in(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.shift_remove(EMPTY_SELECTION_KEY);
                // If an interface implements no other interface, its field `interfaces` must be an empty list
                // (GraphQL, September 2025, 4.2.2). async-graphql 7.2 returns null instead.
                let is_interface = fields.shift_remove(TYPE_KIND_KEY) == Some(Value::Enum(Name::new("INTERFACE")));
                for (name, value) in fields.iter_mut() {
                    if is_interface && *value == Value::Null && self.interfaces.contains(name) {
                        *value = Value::List(Vec::new());
                    }
                    self.remove_hidden_fields_in(value);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.remove_hidden_fields_in(item)),
            _ => {}
        }
    }
}

struct Planner<'a> {
    document: &'a Document,
    schema: &'a OperationSchema,
    variables: &'a Variables,
    has_hidden: bool,
    interfaces: HashSet<Name>,
    variable_uses: HashMap<Name, u64>,
    size: u64,
    bytes: u64,
    max_size: u64,
    max_bytes: u64,
}

impl<'a> Planner<'a> {
    /// Merges several selections on the same type into one. Recursion depth: selection nesting, limited by
    /// `limits.nesting`.
    fn selections(&mut self, sets: &[&'a SelectionSet], type_name: &str) -> target::SelectionSet {
        let mut items = Vec::new();
        match self.schema.possible_types(type_name) {
            Some(possible_types)
                if sets.iter().any(|set| self.differs_by_type(set, type_name, &mut HashSet::new())) =>
            {
                for name in possible_types {
                    let mut part = Vec::new();
                    self.push_fields(sets, name, &mut part);
                    let at = part.first().map_or_else(Pos::default, |item: &Positioned<_>| item.pos);
                    let selection_set = Positioned::new(target::SelectionSet { items: part }, at);
                    let on = Positioned::new(TypeCondition { on: Positioned::new(Name::new(name), at) }, at);
                    let fragment =
                        target::InlineFragment { type_condition: Some(on), directives: Vec::new(), selection_set };
                    items.push(Positioned::new(target::Selection::InlineFragment(Positioned::new(fragment, at)), at));
                }
            }
            _ => self.push_fields(sets, type_name, &mut items),
        }
        target::SelectionSet { items }
    }

    /// Returns whether a selection on an interface or union selects different fields for different object types.
    fn differs_by_type(&self, set: &'a SelectionSet, type_name: &str, seen: &mut HashSet<&'a GraphName>) -> bool {
        set.selections.iter().any(|selection| match selection {
            Selection::Field(_) => false,
            Selection::InlineFragment(fragment) => {
                let on = fragment.type_condition.as_ref();
                on.is_some_and(|on| !self.schema.is_subtype(type_name, on))
                    || self.differs_by_type(&fragment.selection_set, type_name, seen)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.executable.fragments.get(&spread.fragment_name);
                fragment.is_some_and(|fragment| {
                    !self.schema.is_subtype(type_name, fragment.type_condition())
                        || (seen.insert(&fragment.name)
                            && self.differs_by_type(&fragment.selection_set, type_name, seen))
                })
            }
        })
    }

    /// Appends the fields that the response contains for objects of one type.
    fn push_fields(
        &mut self,
        sets: &[&'a SelectionSet],
        type_name: &str,
        into: &mut Vec<Positioned<target::Selection>>,
    ) {
        let mut collected: IndexMap<&GraphName, Vec<&'a Node<Field>>> = IndexMap::new();
        let mut seen = HashSet::new();
        for set in sets {
            self.collect(set, type_name, &mut seen, &mut collected);
        }
        if collected.is_empty() {
            into.push(self.hidden_field(EMPTY_SELECTION_KEY, "__typename"));
            return;
        }
        let interfaces = collected.iter().filter(|(_, fields)| type_name == "__Type" && fields[0].name == "interfaces");
        let interfaces: Vec<Name> = interfaces.map(|(name, _)| Name::new(name)).collect();
        if !interfaces.is_empty() {
            self.interfaces.extend(interfaces);
            into.push(self.hidden_field(TYPE_KIND_KEY, "kind"));
        }
        for fields in collected.into_values() {
            if self.size > self.max_size || self.bytes > self.max_bytes {
                return;
            }
            let field = self.field(&fields, type_name);
            let at = field.pos;
            into.push(Positioned::new(target::Selection::Field(field), at));
        }
    }

    /// Collects the fields selected on objects of one type (CollectFields). Groups them by response key, in the order
    /// in which the keys first occur.
    fn collect(
        &self,
        set: &'a SelectionSet,
        type_name: &str,
        seen: &mut HashSet<&'a GraphName>,
        into: &mut IndexMap<&'a GraphName, Vec<&'a Node<Field>>>,
    ) {
        for selection in &set.selections {
            if !self.is_included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => into.entry(field.response_key()).or_default().push(field),
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|on| self.schema.is_subtype(type_name, on)) {
                        self.collect(&fragment.selection_set, type_name, seen, into);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.executable.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment
                        && seen.insert(&fragment.name)
                        && self.schema.is_subtype(type_name, fragment.type_condition())
                    {
                        self.collect(&fragment.selection_set, type_name, seen, into);
                    }
                }
            }
        }
    }

    /// Returns whether the conditions of `@skip` and `@include` let a selection be executed.
    fn is_included(&self, directives: &DirectiveList) -> bool {
        let condition_value = |name: &str| {
            let condition = directives.get(name)?.specified_argument_by_name("if")?;
            match &**condition {
                Literal::Boolean(value) => Some(*value),
                Literal::Variable(name) => match self.variables.get(name.as_str()) {
                    Some(Value::Boolean(value)) => Some(*value),
                    _ => None,
                },
                _ => None,
            }
        };
        condition_value("skip") != Some(true) && condition_value("include") != Some(false)
    }

    /// Merges the fields that have the same response key into one field. Validation ensures that their arguments are
    /// equal.
    fn field(&mut self, fields: &[&'a Node<Field>], type_name: &str) -> Positioned<target::Field> {
        self.size += 1;
        let first = fields[0];
        let at = self.document.source.start(first.location());
        // The field as the object type defines it. Its return type may be narrower than in the interface.
        let definition = self.schema.field(type_name, &first.name).map_or(&*first.definition, |field| &**field);
        let sets: Vec<&SelectionSet> =
            fields.iter().map(|field| &field.selection_set).filter(|set| !set.selections.is_empty()).collect();
        let selection_set = if sets.is_empty() {
            target::SelectionSet::default()
        } else {
            self.selections(&sets, definition.ty.inner_named_type())
        };
        let field = target::Field {
            alias: first.alias.as_ref().map(|alias| Positioned::new(Name::new(alias), at)),
            name: Positioned::new(Name::new(&first.name), at),
            arguments: first.arguments.iter().filter_map(|argument| self.argument(argument, definition)).collect(),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, at),
        };
        Positioned::new(field, at)
    }

    /// Returns a hidden field: a field that the client did not request, under a response key that no client can
    /// request. An empty selection gets a hidden field, because async-graphql returns null if nothing is selected.
    fn hidden_field(&mut self, key: &str, name: &str) -> Positioned<target::Selection> {
        self.has_hidden = true;
        let at = Pos::default();
        let field = target::Field {
            alias: Some(Positioned::new(Name::new(key), at)),
            name: Positioned::new(Name::new(name), at),
            arguments: Vec::new(),
            directives: Vec::new(),
            selection_set: Positioned::new(target::SelectionSet::default(), at),
        };
        Positioned::new(target::Selection::Field(Positioned::new(field, at)), at)
    }

    fn argument(
        &mut self,
        argument: &Node<Argument>,
        definition: &FieldDefinition,
    ) -> Option<(Positioned<Name>, Positioned<TargetValue>)> {
        let definition = definition.argument_by_name(&argument.name)?;
        let (variables, variable_uses) = (self.variables, &mut self.variable_uses);
        let mut variable = |name: &str| {
            let (name, _) = variables.get_key_value(name)?;
            *variable_uses.entry(name.clone()).or_insert(0) += 1;
            Some(name.clone())
        };
        let value = input_types::convert_literal(self.schema, &argument.value, &definition.ty, &mut variable)?;
        self.count(&value);
        let at = self.document.source.start(argument.location());
        let value_at = self.document.source.start(argument.value.location());
        Some((Positioned::new(Name::new(&argument.name), at), Positioned::new(value, value_at)))
    }

    /// Adds a value and the values nested in it to `size`, and the bytes of their strings to `bytes`. Recursion
    /// depth: bracket nesting, limited by `limits.nesting`.
    fn count(&mut self, value: &TargetValue) {
        self.size += 1;
        match value {
            TargetValue::String(text) => self.bytes += text.len() as u64,
            TargetValue::List(items) => items.iter().for_each(|item| self.count(item)),
            TargetValue::Object(fields) => fields.values().for_each(|value| self.count(value)),
            _ => {}
        }
    }
}
