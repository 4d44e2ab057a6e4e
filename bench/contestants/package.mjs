/** A package, or several, of which nothing is used. options: { imports, packages, before? }, as in package-costs.mjs. */
export function make({ options }) {
  return options;
}
