import type { EntryLeases } from './entry-leases.js';
import type { LeafFiles } from './leaf-files.js';

/** What clearing works with. */
export interface LeafClearingParts {
  readonly leaves: LeafFiles;
  readonly leases: EntryLeases;
}

/**
 * Removes every entry of a leaf. Leases end before that, so that nothing that is being loaded is stored after it; the locks of
 * users stay.
 */
export async function clearLeaf(
  { leaves, leases }: LeafClearingParts,
  leaf: number,
  until: number,
): Promise<void> {
  const listing = await leaves.list(leaf);
  await leases.endAll(listing.leases, until);
  // Listed once more: what was filled while the first list was made need not be on it.
  await leaves.clear(leaf);
}
