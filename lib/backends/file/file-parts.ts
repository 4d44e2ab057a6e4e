import type { BackendContext } from '../../core/cache-backend.interface.js';
import { AsyncFileIo } from './async-file-io.js';
import { CacheDirectories } from './cache-directories.js';
import { Culler } from './culler.js';
import { EntryLeases } from './entry-leases.js';
import { EntryLookup } from './entry-lookup.js';
import { EntryStorage } from './entry-storage.js';
import { EntryWriter } from './entry-writer.js';
import type { WriteModes } from './file-io.interface.js';
import { FileLayout } from './file-layout.js';
import type { ResolvedFileOptions } from './file.options.js';
import { InFlight } from './in-flight.js';
import { LeafFiles } from './leaf-files.js';
import { LockedChanges } from './locked-changes.js';
import { OwnedFiles } from './owned-files.js';
import { SyncFileIo } from './sync-file-io.js';

/** What a file backend is made of. */
export interface FileParts {
  readonly layout: FileLayout;
  readonly directories: CacheDirectories;
  readonly leaves: LeafFiles;
  readonly lookup: EntryLookup;
  readonly writer: EntryWriter;
  readonly owned: OwnedFiles;
  readonly changes: LockedChanges;
  readonly leases: EntryLeases;
  readonly storage: EntryStorage;
  readonly culler: Culler;
  readonly inFlight: InFlight;
}

/** Puts a file backend together. Touches no file. */
export function fileParts(context: BackendContext, options: ResolvedFileOptions): FileParts {
  const { clock, scope } = context;
  const modes: WriteModes = { areSet: false };
  const files = new SyncFileIo(modes);
  const io = options.io === 'sync' ? files : new AsyncFileIo(modes);
  const layout = new FileLayout(options.location, scope);
  const directories = new CacheDirectories(options.location, layout, io, modes);
  const leaves = new LeafFiles(layout, io);
  const lookup = new EntryLookup(io, layout, context);
  const removeDead = (path: string): Promise<void> => lookup.removeDead(path);
  const culling = { io, leaves, clock, removeDead };
  const culler = new Culler(culling, options.maxEntries, options.cullFrequency);
  const writer = new EntryWriter({ io, layout, directories });
  const changes = new LockedChanges({ layout, lookup, clock, files });
  const owned = new OwnedFiles({ lookup, clock, files });
  const leases = new EntryLeases({ io, files, layout, lookup, writer, owned, clock });
  return {
    layout,
    directories,
    leaves,
    lookup,
    writer,
    owned,
    changes,
    leases,
    storage: new EntryStorage({ lookup, writer, changes, leases, culler, context, options }),
    culler,
    // Synchronous calls never are with the disk at the same time, so there is nothing to bound.
    inFlight: new InFlight(options.deadlineMs, options.io === 'sync' ? Infinity : undefined),
  };
}
