export { dummy, DummyBackend } from './dummy.backend.js';
export type { DummyOptions } from './dummy.options.js';
