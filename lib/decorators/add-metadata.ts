import { SetMetadata } from '@nestjs/common';

type LooseDecorator = (
  target: object,
  property?: string | symbol,
  descriptor?: PropertyDescriptor,
) => void;

/**
 * A decorator that may stand several times on one class or method: its metadata is a list, the uppermost first,
 * and of a class that extends another one what stands there last.
 */
export function addMetadata(
  key: string,
  items: readonly unknown[],
): MethodDecorator & ClassDecorator {
  return (target: object, _property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const holder = (descriptor?.value as object | undefined) ?? target;
    const own = (Reflect.getMetadata(key, holder) as readonly unknown[] | undefined) ?? [];
    (SetMetadata(key, [...items, ...own]) as LooseDecorator)(target, _property, descriptor);
  };
}
