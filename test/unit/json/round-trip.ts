import { json, type JsonOptions } from '../../../lib/serializers/json/index.js';

/** What comes back of a value. */
export function roundTrip(value: unknown, options?: JsonOptions): unknown {
  const serializer = json(options);
  return serializer.deserialize(serializer.serialize(value));
}

/** The message of what a call throws. */
export function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('Nothing was thrown.');
}

/** Message and enumerable properties of an error. */
export function partsOf(error: Error): object {
  return Object.assign({ message: error.message }, error);
}
