import { playEverywhere } from './security-sequence.js';
import { SEQUENCES } from './security-sequences.js';

playEverywhere('the response cache is safe about answers', SEQUENCES['security-responses']);
