import { badOption, checkOneOf, checkOptionNames } from '../../core/option-checks.js';

/**
 * How values of a class of your own are stored and made again.
 *
 * A type is asked about every object that is not a plain object or a list, before what is built in, and about functions
 * and symbols.
 *
 * @example
 * const money: JsonType<Money> = {
 *   name: 'Money',
 *   is: (value) => value instanceof Money,
 *   encode: (money) => [money.amount, money.currency],
 *   decode: (data) => new Money(...(data as [number, string])),
 * };
 */
export interface JsonType<T = unknown> {
  /** Stands in the stored text. Stored values are read again only under the same name. */
  readonly name: string;
  /** True for the values of this type. */
  is(value: unknown): boolean;
  /** What is stored of a value: anything that the serializer keeps, values of other types included. */
  encode(value: T): unknown;
  /** The value of what `encode` gave. What it throws makes the read a miss. */
  decode(data: unknown): T;
}

/** What the JSON serializer does with values that it does not know. */
export interface JsonOptions {
  /** Types of your own. The first whose `is` answers true takes the value. Default: none. */
  readonly types?: readonly JsonType[];
  /**
   * What happens to instances of other classes. `'refuse'`: an error at `set`, as they would not come back as instances.
   * `'plain'`: what their `toJSON()` gives is stored, or their own properties if they have none, and they come back as plain
   * data. Default: `'refuse'`.
   */
  readonly instances?: 'refuse' | 'plain';
}

/** Checked options. */
export interface ResolvedJsonOptions {
  readonly types: readonly JsonType[];
  readonly instances: 'refuse' | 'plain';
}

const DEFAULTS = { types: [], instances: 'refuse' } as const satisfies JsonOptions;
const WHERE = 'the options of json()';

/** Merges the options with their defaults and checks them. @throws {CacheConfigError} */
export function resolveJsonOptions(options: JsonOptions): ResolvedJsonOptions {
  checkOptionNames(WHERE, options, ['types', 'instances']);
  checkOneOf(WHERE, 'instances', options.instances, ['refuse', 'plain']);
  const { types = DEFAULTS.types, instances = DEFAULTS.instances } = options;
  if (!Array.isArray(types)) throw badOption(WHERE, 'types', types, 'a list');
  const names = new Set<unknown>();
  types.forEach((type: Partial<JsonType> | null | undefined, index) => {
    checkType(type, `types[${index}]`);
    if (names.has(type?.name)) {
      throw badOption(WHERE, `types[${index}].name`, type?.name, 'a name that no other type has');
    }
    names.add(type?.name);
  });
  return { types, instances };
}

function checkType(type: Partial<JsonType> | null | undefined, where: string): void {
  if (typeof type?.name !== 'string' || type.name === '') {
    throw badOption(WHERE, `${where}.name`, type?.name, 'a text that is not empty');
  }
  for (const method of ['is', 'encode', 'decode'] as const) {
    if (typeof type[method] !== 'function') {
      throw badOption(WHERE, `${where}.${method}`, type[method], 'a function');
    }
  }
}
