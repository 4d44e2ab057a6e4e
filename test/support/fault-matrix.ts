import { DISK_FAULTS } from './fault-matrix-disk.js';
import { LIFE_FAULTS } from './fault-matrix-life.js';
import { NETWORK_FAULTS } from './fault-matrix-network.js';
import { VALUE_FAULTS } from './fault-matrix-values.js';

/** A test: its file, from the repository's root and without its ending, and its title as it stands there. */
export type Proof = readonly [file: string, title: string];

/** Something that goes wrong, and where it is proven what happens then. */
export type FaultRow = {
  /** A letter for the group and a number: `A1`. */
  readonly id: string;
  readonly fault: string;
} & (
  | { readonly proofs: readonly Proof[] }
  /** Why nothing is to be proven: there is no such backend, or what it is about is not built yet. */
  | { readonly doesNotApply: string }
);

/** Everything that may go wrong: with servers and networks, with disks, with values and keys, with time and with processes. */
export const FAULT_MATRIX: readonly FaultRow[] = [
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...VALUE_FAULTS,
  ...LIFE_FAULTS,
];
