import { createHash } from 'node:crypto';
import { describe } from '../core/option-checks.js';

/**
 * The key under which Django's templates keep a cached fragment, so that a program that shares their cache finds it, or
 * removes it: `cache.delete(makeTemplateFragmentKey('sidebar', [user.name]))`.
 *
 * @param fragmentName The name in the template's `{% cache %}` tag.
 * @param varyOn The values behind it, in order: text as it is, whole numbers by their digits. Default: none.
 * @throws {TypeError} for other values, because each language prints them in its own way. Give them as the text that
 * Python makes of them.
 * @see Django, django.core.cache.utils.make_template_fragment_key()
 */
export function makeTemplateFragmentKey(
  fragmentName: string,
  varyOn: Iterable<string | number | bigint> = [],
): string {
  const hash = createHash('md5');
  for (const part of varyOn) {
    if (typeof part !== 'string' && typeof part !== 'bigint' && !Number.isSafeInteger(part)) {
      throw new TypeError(
        `The fragment "${fragmentName}" cannot vary on ${describe(part)}. Use text or whole numbers.`,
      );
    }
    hash.update(`${part}:`);
  }
  return `template.cache.${fragmentName}.${hash.digest('hex')}`;
}
