// Validates documents with graphql-js, and with two rules of the specification (September 2025) that graphql-js 16.15
// lacks.
import {
  GraphQLError, Kind, SingleFieldSubscriptionsRule, getNamedType, getNullableType, isInputObjectType, isNonNullType,
  parse, specifiedRules, typeFromAST, validate,
} from 'graphql';
import { schema } from './schema.mjs';

const hasCondition = (selection) => selection.directives?.some(({ name }) => ['skip', 'include'].includes(name.value));

/**
 * Validation rule: the root selection of a subscription must not contain `@skip` or `@include`.
 * https://spec.graphql.org/September2025/#CollectSubscriptionFields()
 */
export function SubscriptionRootConditionsRule(context) {
  const visit = (selectionSet, visited) => {
    for (const selection of selectionSet.selections) {
      if (hasCondition(selection)) {
        const message = '@skip and @include are not allowed in the root selection of a subscription';
        context.reportError(new GraphQLError(message, { nodes: selection }));
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, visited);
      if (selection.kind === Kind.FRAGMENT_SPREAD && !visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = context.getFragment(selection.name.value);
        if (fragment) visit(fragment.selectionSet, visited);
      }
    }
  };
  return {
    OperationDefinition(operation) {
      if (operation.operation === 'subscription') visit(operation.selectionSet, new Set());
    },
  };
}

/**
 * Validation rule: a variable in a field of a `@oneOf` input object must be non-null or have a default that is not
 * null. The VariablesInAllowedPositionRule of graphql-js ignores the default, and does not check input objects in
 * non-null positions. `validateText` therefore drops the errors of graphql-js and uses this rule instead.
 * https://spec.graphql.org/September2025/#IsNonNullPosition()
 */
export function OneOfVariablesRule(context) {
  const isOneOf = (type) => {
    const nullable = type && getNullableType(type);
    return isInputObjectType(nullable) && nullable.isOneOf;
  };
  return {
    OperationDefinition: {
      leave(operation) {
        const definitions = new Map(operation.variableDefinitions.map((of) => [of.variable.name.value, of]));
        for (const { node, parentType } of context.getRecursiveVariableUsages(operation)) {
          const definition = definitions.get(node.name.value);
          const type = definition && typeFromAST(schema, definition.type);
          const hasDefault = definition?.defaultValue && definition.defaultValue.kind !== Kind.NULL;
          if (!type || isNonNullType(type) || hasDefault || !isOneOf(parentType)) continue;
          const message = `$${node.name.value} is nullable in ${getNamedType(parentType).name}, which is @oneOf`;
          context.reportError(new GraphQLError(message, { nodes: [definition, node] }));
        }
      },
    },
  };
}

export const rules = [...specifiedRules, SubscriptionRootConditionsRule, OneOfVariablesRule];

/** Stands for the violated rule if a document cannot be parsed. */
export const SYNTAX = 'Syntax';

/**
 * Returns the rules that a document violates (`violated`), and the first error message. `violated` is empty if the
 * document is valid, and contains only `Syntax` if the document cannot be parsed.
 */
export function validateText(text) {
  let document;
  try {
    document = parse(text);
  } catch (error) {
    return { violated: [SYNTAX], message: error.message };
  }
  const found = new Map();
  /** Returns a rule that records its first error in `found` instead of reporting its errors. */
  const recorded = (rule) => (context) => {
    const reportError = (error) => {
      const isOneOf = error.message.includes('must be non-nullable to be used for OneOf');
      if (!isOneOf && !found.has(rule.name)) found.set(rule.name, error.message);
    };
    return rule(Object.assign(Object.create(context), { reportError }));
  };
  validate(schema, document, [recorded(SubscriptionRootConditionsRule)]);
  // SingleFieldSubscriptionsRule is left out if the root selection has @skip or @include: graphql-js 16.15 throws if
  // the condition is a variable.
  const hasConditions = found.has(SubscriptionRootConditionsRule.name);
  const others = rules.filter((rule) => !(hasConditions && rule === SingleFieldSubscriptionsRule));
  validate(schema, document, others.map(recorded));
  return { document, violated: [...found.keys()], message: found.values().next().value };
}
