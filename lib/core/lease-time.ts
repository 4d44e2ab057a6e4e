/**
 * How long a lease lasts unless it is renewed, in seconds, on every backend: an owner who died is replaced after that. One
 * who lives renews it every third of it.
 */
export const LEASE_SECONDS = 10;

/** How often one who lives renews it, in milliseconds. */
export const RENEWAL_MS = (LEASE_SECONDS * 1000) / 3;
