import { ADDRESSES, GIVEN_KEYS } from './security-keys.sequences.js';
import { CONDITIONS, DIRECTIVES, METHODS, WHO_ASKS } from './security-requests.sequences.js';
import {
  FORBIDDING,
  HEADS,
  INCOMPLETE,
  STATUSES,
  VARYING,
} from './security-responses.sequences.js';
import { FILES, TAMPERED } from './security-tampering.sequences.js';
import type { Sequence } from './security-sequence.js';
import { CONTENTS, HOSTILE, NEIGHBOURS, SILENCE } from './security-store.sequences.js';

/** All sequences, by the spec that plays them everywhere. */
export const SEQUENCES = {
  'security-requests': [...WHO_ASKS, ...METHODS, ...CONDITIONS, ...DIRECTIVES],
  'security-responses': [...FORBIDDING, ...STATUSES, ...INCOMPLETE, ...VARYING, ...HEADS],
  'security-keys': [...ADDRESSES, ...GIVEN_KEYS],
  'security-store': [...CONTENTS, ...HOSTILE, ...NEIGHBOURS, ...TAMPERED, ...FILES, ...SILENCE],
} satisfies Record<string, readonly Sequence[]>;
