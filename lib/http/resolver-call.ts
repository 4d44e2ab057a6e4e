/** What a resolver of GraphQL was called for: a root field of an operation, or anything else. */
export type ResolverCall = 'query' | 'mutation' | 'subscription' | 'field';

/** What is used of graphql's `GraphQLResolveInfo`; each field may be missing. */
interface ResolveInfo {
  readonly fieldName?: unknown;
  readonly parentType?: { readonly name?: unknown };
  readonly path?: { readonly prev?: unknown };
  readonly schema?: { getQueryType?(): unknown };
  readonly operation?: { readonly operation?: unknown };
}

/**
 * What a resolver was called for, by what it was called with: root, arguments, context and info.
 *
 * What does not look like a root field is taken for a field of a value: so are references of a federation, and the query
 * type where it is reached again below the root.
 */
export function resolverCallOf(args: readonly unknown[]): ResolverCall {
  const info = infoOf(args);
  if (!info?.path || info.path.prev !== undefined) return 'field';
  const operation = info.operation?.operation;
  if (operation === 'mutation' || operation === 'subscription') return operation;
  const queryType = info.schema?.getQueryType?.();
  const isOnQuery = queryType !== undefined && info.parentType === queryType;
  return operation === 'query' && isOnQuery ? 'query' : 'field';
}

/** The root field in the words of the schema: its type's name and its own. */
export function rootFieldOf(args: readonly unknown[]): readonly [type: string, field: string] {
  const info = infoOf(args);
  return [String(info?.parentType?.name), String(info?.fieldName)];
}

/** The context that the application gave to its resolvers; undefined if that is no object. */
export function resolverContextOf(args: readonly unknown[]): object | undefined {
  const context = args[2];
  return typeof context === 'object' && context !== null ? context : undefined;
}

function infoOf(args: readonly unknown[]): ResolveInfo | undefined {
  const info = args[3];
  return typeof info === 'object' && info !== null ? info : undefined;
}
