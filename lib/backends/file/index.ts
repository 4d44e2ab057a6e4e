export { file, FileBackend } from './file.backend.js';
export type { FileIoMode, FileOptions } from './file.options.js';
