import { BadRequestException } from '@nestjs/common';

/**
 * A text field of a JSON body, trimmed. What a browser sends is never trusted to be a string, or short, or there at all.
 *
 * @throws {BadRequestException} naming the field.
 */
export function textField(body: unknown, name: string, pattern: RegExp): string {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  const text = typeof value === 'string' ? value.trim() : '';
  if (!pattern.test(text))
    throw new BadRequestException(`The field "${name}" is missing or wrong.`);
  return text;
}
