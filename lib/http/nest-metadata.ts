// Metadata keys of Nest that it does not export under a public path in all its versions.
export const INTERCEPTORS = '__interceptors__';
export const SERVER_SENT_EVENTS = '__sse__';
export const HEADERS = '__headers__';
export const MODULE_PATH = '__module_path__';
export const VERSION = '__version__';
