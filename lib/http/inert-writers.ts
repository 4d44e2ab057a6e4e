/** Whatever writes to a response, under all names that Node.js, Express and Fastify have for it. */
const WRITERS = [
  'addTrailers',
  'append',
  'appendHeader',
  'attachment',
  'callNotFound',
  'clearCookie',
  'code',
  'contentType',
  'cookie',
  'download',
  'flushHeaders',
  'format',
  'header',
  'headers',
  'json',
  'jsonp',
  'links',
  'location',
  'redirect',
  'removeHeader',
  'render',
  'send',
  'sendFile',
  'sendStatus',
  'sendfile',
  'serialize',
  'serializer',
  'set',
  'setCookie',
  'setHeader',
  'setHeaders',
  'status',
  'trailer',
  'type',
  'vary',
  'view',
  'write',
  'writeHead',
  'end',
];

/** What Nest calls of a reply after a hit: a status would be refused, a view rendered of nothing. */
const INERT_REPLY = {
  code: inertCall,
  redirect: inertCall,
  send: inertCall,
  status: inertCall,
  view: inertCall,
};

/** The prototype of a framework's responses to the same with inert writers, so that a hit makes no functions. */
const inertPrototypes = new WeakMap<object, object>();

/**
 * Makes every writer of a response do nothing from now on. They answer what a caller expects, and their callbacks are called.
 */
export function makeInert(target: object): void {
  const prototype = Object.getPrototypeOf(target) as object;
  let inert = inertPrototypes.get(prototype);
  if (!inert) inertPrototypes.set(prototype, (inert = inertVersionOf(prototype)));
  Object.setPrototypeOf(target, inert);
  // What middleware has put on the response itself hides the prototype's.
  for (const name of WRITERS) {
    if (Object.hasOwn(target, name)) Object.assign(target, { [name]: inertWriter(name) });
  }
}

/**
 * Makes a hijacked reply of Fastify send nothing from now on. All else that it has keeps to itself, or goes to the raw
 * response, which is inert too; and to change its prototype would slow down whatever looks at it later.
 */
export function makeReplyInert(reply: object): void {
  Object.assign(reply, INERT_REPLY);
}

function inertVersionOf(prototype: object): object {
  const writers = WRITERS.filter((name) => typeof (prototype as never)[name] === 'function');
  const inert = Object.create(prototype) as object;
  return Object.assign(inert, Object.fromEntries(writers.map((name) => [name, inertWriter(name)])));
}

function inertWriter(name: string): (...args: unknown[]) => unknown {
  if (name === 'write') return inertWrite;
  return name === 'end' ? inertEnd : inertCall;
}

function inertCall(this: unknown): unknown {
  return this;
}

function inertEnd(this: unknown, ...args: unknown[]): unknown {
  inertWrite(...args);
  return this;
}

function inertWrite(...args: unknown[]): boolean {
  const callback = args.find((argument) => typeof argument === 'function');
  if (callback) process.nextTick(callback);
  return true;
}
