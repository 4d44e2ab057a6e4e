import type { BackendContext, Payload } from '../../../lib/core/cache-backend.interface.js';
import {
  memory,
  type MemoryBackend,
  type MemoryOptions,
} from '../../../lib/backends/memory/index.js';
import { type FakeClock, fakeClock } from '../../../lib/testing/fake-clock.js';

/** A context as a registry gives it. */
export function contextWith(
  clock: FakeClock = fakeClock(),
  { alias = 'default', scope = '', shared = new Map<string, unknown>() } = {},
): BackendContext {
  return { alias, scope, clock, shared, report() {} };
}

/** A memory backend and the clock it goes by. */
export async function memoryBackend(
  options: MemoryOptions = {},
): Promise<{ backend: MemoryBackend; clock: FakeClock }> {
  const clock = fakeClock();
  return { backend: (await memory(options)(contextWith(clock))) as MemoryBackend, clock };
}

/** A text payload. */
export function text(data: string): Payload {
  return { flags: 16, data };
}

/** Stores each key for good, in order. */
export async function fill(backend: MemoryBackend, ...keys: string[]): Promise<void> {
  for (const key of keys) await backend.set(key, text(key), null);
}

/** Which of the keys are there, without any effect on the order of use. */
export async function present(backend: MemoryBackend, ...keys: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const key of keys) if ((await backend.flags(key)) !== undefined) found.push(key);
  return found;
}
