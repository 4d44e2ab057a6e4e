import { isDate, type Timeout } from './timeout.js';

/** The options of a call whose last argument is either these or a timeout alone. */
export function optionsOf<Options extends { readonly timeout?: unknown }>(
  timeout: Timeout | Options | undefined,
): Options {
  return typeof timeout === 'object' && timeout !== null && !isDate(timeout)
    ? timeout
    : ({ timeout } as Options);
}
