import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeClock, fakeClock } from 'nestjs-cache-framework/testing';
import { file, type FileBackend, type FileOptions } from '../../lib/backends/file/index.js';
import type {
  BackendContext,
  BackendReport,
  Payload,
} from '../../lib/core/cache-backend.interface.js';
import type { Clock } from '../../lib/core/clock.js';

/** What a test may set on a backend; `clock` replaces the one of the place. */
export type FilePlaceOptions = Partial<FileOptions> & { readonly clock?: Clock };

/** A directory of one test, and backends over it. */
export interface FilePlace {
  /** Where the caches are. What lies beside it is outside. */
  readonly directory: string;
  /** What holds the directory. */
  readonly outside: string;
  readonly clock: FakeClock;
  readonly reports: BackendReport[];
  open(options?: FilePlaceOptions, scope?: string): Promise<FileBackend>;
  make(options?: FilePlaceOptions, scope?: string): FileBackend;
  /** The paths of all files below the directory that end so. Default: of the entries. */
  files(suffix?: string): string[];
  remove(): void;
}

/** A new place; the directory is not there yet. */
export function filePlace(): FilePlace {
  const outside = mkdtempSync(join(tmpdir(), 'file-place-'));
  const directory = join(outside, 'cache');
  const clock = fakeClock();
  const reports: BackendReport[] = [];
  const make = ({ clock: other, ...options }: FilePlaceOptions = {}, scope = ''): FileBackend => {
    const context: BackendContext = {
      alias: 'default',
      scope,
      clock: other ?? clock,
      shared: new Map(),
      report: (report) => {
        reports.push(report);
      },
    };
    // No deadline is met here, however busy the machine is, unless a test sets one.
    const patient = { location: directory, deadlineMs: 20_000, ...options };
    return file(patient)(context) as FileBackend;
  };
  return {
    directory,
    outside,
    clock,
    reports,
    make,
    open: async (options, scope) => {
      const backend = make(options, scope);
      await backend.open();
      return backend;
    },
    files: (suffix = '.njcache') => filesBelow(directory).filter((path) => path.endsWith(suffix)),
    remove: () => {
      rmSync(outside, { recursive: true, force: true });
    },
  };
}

/** Everything below a directory that is no directory; symbolic links are not followed. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((found) => !found.isDirectory())
    .map((found) => join(found.parentPath, found.name))
    .toSorted();
}

/** A payload of text. */
export function text(data: string): Payload {
  return { flags: 16, data };
}

/** A payload of an integer. */
export function integer(value: number): Payload {
  return { flags: 2, data: String(value) };
}

/** What a payload holds as text; undefined for none. */
export function textOf(payload: Payload | undefined): string | undefined {
  return payload?.data.toString();
}
