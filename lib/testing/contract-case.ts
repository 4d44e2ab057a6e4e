/** One fact that a contract demands, as data, so that any test runner can run it. */
export interface ContractCase {
  /** The fact, in the present tense. Unique within its contract. */
  readonly title: string;
  /** Why the case cannot be run here. Absent: run it. */
  readonly skipped?: string;
  /** Resolves if the fact holds, rejects if not. May be handed over bare: `it(title, run)`. */
  readonly run: () => Promise<void>;
}

/** What both contracts are told about the thing under test. */
export interface ContractOptions<Feature extends string> {
  /** Lets time pass: moves the fake clock that was given to the thing under test, or really waits. */
  readonly advance: (seconds: number) => void | Promise<void>;
  /**
   * True: `advance` really waits, and lives may end up to a second early, as on a server that counts whole seconds. The
   * cases then use the shortest lives that are safe, and those that need an exact moment are skipped. Default: false.
   */
  readonly realTime?: boolean;
  /** What is not there is `false`; its cases are skipped by name. Default: everything is there. */
  readonly supports?: Readonly<Partial<Record<Feature, boolean>>>;
  /** Further cases to skip: title and reason. A title that does not exist is an error. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** A case before it is known where it runs. */
export interface CaseDefinition<Feature extends string, Context> {
  readonly title: string;
  /** The features without which the case has no meaning. */
  readonly needs?: readonly Feature[];
  /** The feature whose absence the case is about: it is a case only where that is `false`. */
  readonly lacks?: Feature;
  /** True: the case needs a clock that stands still. */
  readonly exactTime?: boolean;
  readonly run: (context: Context) => Promise<void>;
}

const REAL_TIME_REASON = 'time really passes here, so no exact moment can be met';

/**
 * The cases of a contract, with those that cannot be run marked.
 *
 * @param withContext Makes what a case works on, runs it, and takes it away again.
 * @throws {Error} if two cases have one title, or a title to be skipped does not exist.
 */
export function buildCases<Feature extends string, Context>(
  definitions: readonly CaseDefinition<Feature, Context>[],
  options: ContractOptions<Feature>,
  withContext: (run: (context: Context) => Promise<void>) => Promise<void>,
): ContractCase[] {
  const titles = new Set(definitions.map(({ title }) => title));
  if (titles.size !== definitions.length) throw new Error('Two cases have the same title.');
  const unknown = Object.keys(options.skip ?? {}).find((title) => !titles.has(title));
  if (unknown !== undefined) {
    throw new Error(`There is no case "${unknown}" to skip. Copy the title from the contract.`);
  }
  const relevant = definitions.filter(
    ({ lacks }) => lacks === undefined || options.supports?.[lacks] === false,
  );
  return relevant.map((definition) => {
    const { title } = definition;
    const skipped = reasonToSkip(definition, options);
    const run = (): Promise<void> => withContext(definition.run);
    return skipped === undefined ? { title, run } : { title, run, skipped };
  });
}

function reasonToSkip<Feature extends string, Context>(
  { title, needs = [], exactTime }: CaseDefinition<Feature, Context>,
  { skip = {}, supports, realTime }: ContractOptions<Feature>,
): string | undefined {
  if (Object.hasOwn(skip, title)) return skip[title];
  const missing = needs.find((feature) => supports?.[feature] === false);
  if (missing !== undefined) return `there is no \`${missing}\` here`;
  return exactTime && realTime ? REAL_TIME_REASON : undefined;
}
