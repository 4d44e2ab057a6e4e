import { dummy } from './backends/dummy/index.js';
import { memory } from './backends/memory/index.js';
import type { BackendLoader } from './core/cache.registry.js';

/** The backends that can be named in the options. All but memory and dummy are loaded only when they are. */
export const BACKENDS = {
  memory: async () => memory,
  dummy: async () => dummy,
  file: async () => (await import('./backends/file/index.js')).file,
  memcached: async () => (await import('./backends/memcached/index.js')).memcached,
} satisfies Record<string, BackendLoader>;
