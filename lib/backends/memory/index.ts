export { memory, MemoryBackend } from './memory.backend.js';
export type { MemoryOptions } from './memory.options.js';
