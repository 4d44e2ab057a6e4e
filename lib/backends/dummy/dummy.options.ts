import { badOption, checkOptionNames } from '../../core/option-checks.js';

/** The dummy backend keeps nothing, so there is nothing to set. */
export interface DummyOptions {
  /**
   * Accepted and without effect, so that a configuration can be switched off by its backend's name alone.
   *
   * @see Django, DummyCache
   */
  readonly location?: string | readonly string[];
}

/** Checks the options. @throws {CacheConfigError} for any name but `location`, and for a location that is no text. */
export function checkDummyOptions(options: DummyOptions): void {
  const where = 'the options of the dummy backend';
  checkOptionNames(where, options, ['location']);
  const { location = '' } = options;
  if (![location].flat().every((part) => typeof part === 'string')) {
    throw badOption(where, 'location', location, 'a text or a list of texts');
  }
}
