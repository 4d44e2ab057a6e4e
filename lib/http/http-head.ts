import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeader,
  ServerResponse,
} from 'node:http';

/** The header lines of a message: lower-case name to the value of each line, in the order in which they stood. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>;

/** A header as it is set: one value, or several that become a line each. */
export type HeaderField = readonly [name: string, value: string | readonly string[]];

/** What a decision may know about a request. */
export interface RequestHead {
  /** The method that the client sent. */
  readonly method: string;
  /** The headers that the client sent. */
  readonly lines: HeaderLines;
  /** The headers as middleware and guards left them, which is how the handler sees them. */
  readonly headers: IncomingHttpHeaders;
  /** True if a body may follow of which no header tells, as over HTTP/2. */
  readonly isOpen?: boolean;
}

/** The head of a request as it stands now: what the handler does to its headers later changes nothing in it. */
export function requestHead(request: IncomingMessage): RequestHead {
  const lines = linesOfPairs(request.rawHeaders);
  const head = {
    method: request.method ?? '',
    lines,
    // Without a prototype, of which no header's name finds anything.
    headers: Object.assign(Object.create(null), request.headers) as IncomingHttpHeaders,
  };
  // A name that only HTTP/2 has.
  return lines.has(':method') && isOpen(request) ? { ...head, isOpen: true } : head;
}

/** @see RFC 9113, 8.1 */
function isOpen(request: IncomingMessage): boolean {
  const { stream } = request as { stream?: { readonly endAfterHeaders?: boolean } };
  return stream?.endAfterHeaders === false;
}

/** True if the client sent the header, with whatever value, or if it is there for the handler to see. */
export function hasHeader(head: RequestHead, name: string): boolean {
  return head.lines.has(name) || head.headers[name] !== undefined;
}

/** The lines of a list of names and values in turn, which is the form of `rawHeaders`. */
export function linesOfPairs(pairs: readonly string[]): HeaderLines {
  const lines = new Map<string, string[]>();
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    addLine(lines, pairs[index]!, pairs[index + 1]!);
  }
  return lines;
}

/** The lines that the fields become. */
export function linesOfFields(fields: readonly HeaderField[]): HeaderLines {
  const lines = new Map<string, string[]>();
  for (const [name, value] of fields) {
    for (const line of typeof value === 'string' ? [value] : value) addLine(lines, name, line);
  }
  return lines;
}

/** All lines of both, each different one once: for judgements that must see whatever either of them says. */
export function unitedLines(one: HeaderLines, other: HeaderLines): HeaderLines {
  const united = new Map(one);
  for (const [name, values] of other) {
    united.set(name, [...new Set([...(one.get(name) ?? []), ...values])]);
  }
  return united;
}

/** The headers that are set on a response so far, with their names as they were written. */
export function fieldsOf(response: ServerResponse): HeaderField[] {
  // Responses of HTTP/2 keep no spelling, because HTTP/2 has none.
  const spelling = response as { getRawHeaderNames?(): string[] };
  const names = spelling.getRawHeaderNames?.() ?? response.getHeaderNames();
  return names.map((name) => [name, fieldValue(response.getHeader(name))] as const);
}

/** Sets headers in a form that `writeHead()` takes, as Node.js would: those of a list may stand twice. */
export function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const pairs = headers.flat() as [string, OutgoingHttpHeader][] & string[];
    for (let index = 0; index < pairs.length; index += 2) response.removeHeader(pairs[index]!);
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      response.appendHeader(pairs[index]!, pairs[index + 1]!);
    }
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, value as string);
    }
  }
}

/** A header's value as text; a list stays one. */
export function fieldValue(value: unknown): string | readonly string[] {
  return Array.isArray(value) ? value.map(String) : String(value);
}

/**
 * The lines of a head that has been written, with all that inner layers and Node.js itself added; undefined if it has not
 * been written yet.
 */
export function writtenLines(response: ServerResponse): HeaderLines | undefined {
  if (!response.headersSent) return undefined;
  const { _header: text } = response as { _header?: unknown };
  if (typeof text !== 'string') return linesOfFields(fieldsOf(response));
  const lines = new Map<string, string[]>();
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) addLine(lines, line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return lines;
}

function addLine(lines: Map<string, string[]>, name: string, value: string): void {
  const lower = name.toLowerCase();
  const values = lines.get(lower);
  if (values) values.push(value);
  else lines.set(lower, [value]);
}
