export { json, JsonSerializer } from './json.serializer.js';
export type { JsonOptions, JsonType } from './json.options.js';
