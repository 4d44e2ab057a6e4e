import { playEverywhere } from './security-sequence.js';
import { SEQUENCES } from './security-sequences.js';

playEverywhere('the response cache is safe about requests', SEQUENCES['security-requests']);
