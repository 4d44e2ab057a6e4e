import { expect } from '@jest/globals';
import type { Answer } from './http-app.js';
import type { Run } from './security-scene.js';
import type { Ask, Client } from './security-sequence.js';

/** The bodies that a step brought, by variant. */
export type Pages = Map<string, string>;

/** Clients that asked at once, and all that is known about what they got. */
export interface Wave {
  readonly wave: readonly Client[];
  /** Undefined: the answer broke off. */
  readonly answers: readonly (Answer | undefined)[];
  /** All runs of the handler so far; those from `ran` on fell into this wave. */
  readonly runs: readonly Run[];
  readonly ran: number;
  /** What earlier steps brought. */
  readonly history: readonly Pages[];
  /** Takes what this one brings. */
  readonly pages: Pages;
}

/** Expects of each answer what its client is due, and no run of the handler more or less than that takes. */
export function expectVerdicts(wave: Wave): void {
  for (const clients of groupsOf(wave.wave)) expectOutcome(wave, clients);
  const due = runsDue(wave.wave);
  if (due !== undefined) expect(wave.runs.length - wave.ran).toBe(due);
}

/** Those who are due the same. */
function groupsOf(clients: readonly Client[]): Client[][] {
  const groups = new Map<unknown, Client[]>();
  for (const client of clients) {
    // One page is due to all who may have it, whatever else they ask with.
    const key = client.ask.gets === 'once' ? variantOf(client) : client.ask;
    groups.set(key, [...(groups.get(key) ?? []), client]);
  }
  return [...groups.values()];
}

function expectOutcome(wave: Wave, clients: readonly Client[]): void {
  const { ask } = clients[0]!;
  const { gets } = ask;
  if (gets === 'anything') return;
  const answers = clients.map((client) => wave.answers[wave.wave.indexOf(client)]);
  const verdicts = clients.map((client, index) => verdictOn(wave, client, answers[index]));
  for (const [index, client] of clients.entries()) expectHeaders(client.ask, answers[index]);
  const variant = variantOf(clients[0]!);
  if (isBodiless(ask)) {
    expect(verdicts).toEqual(verdicts.map(() => 'empty'));
    if (gets === 'once') wave.pages.set(variant, String(wave.runs[wave.ran]?.body));
    return;
  }
  const bodies = new Set(answers.map((answer) => answer?.body));
  if (gets === 'once') {
    expect(verdicts.toSorted()).toEqual(['own', ...clients.slice(1).map(() => 'shared')]);
    expect(bodies.size).toBe(1);
    wave.pages.set(variant, [...bodies][0]!);
  } else {
    const due = typeof gets === 'object' ? `of ${gets.of}` : gets;
    expect(verdicts).toEqual(verdicts.map(() => due));
    if (gets === 'own') expect(bodies.size).toBe(clients.length);
  }
}

/** In a word, what an answer is. */
function verdictOn(wave: Wave, client: Client, answer: Answer | undefined): string {
  const { ask } = client;
  if (!answer) return 'broken off';
  const { body, bytes, status } = answer;
  if (status !== (ask.status ?? 200)) return `a ${status}: ${body}`;
  if (body === '') return 'empty';
  const index = wave.runs.findLastIndex((run) => run.body.equals(bytes));
  const run = wave.runs[index];
  if (!run) return ask.gets === 'refused' ? 'refused' : `nothing that a handler made: ${body}`;
  const { headers } = answer;
  if (headers['x-run'] !== String(run.number)) return `${body} with the head of another`;
  const isOwn = index >= wave.ran && run.port === answer.from;
  const cookies = headers['set-cookie'] ?? [];
  if (cookies.some((cookie) => !isOwn || cookie !== `sid=${run.number}`)) {
    return `${body} with the cookie of another`;
  }
  if (ask.gets === 'whole') return 'whole';
  if (index >= wave.ran) return isOwn ? 'own' : 'shared';
  const step = wave.history.findIndex((pages) => pages.get(variantOf(client)) === body);
  return step === -1 ? `${body}, which is due to nobody` : `of ${step}`;
}

function expectHeaders({ bears = {} }: Ask, answer: Answer | undefined): void {
  for (const [name, value] of Object.entries(bears)) {
    expect([name, answer?.headers[name]]).toEqual([name, value]);
  }
}

/** How many runs a wave takes; undefined if that is left open. */
function runsDue(wave: readonly Client[]): number | undefined {
  if (wave.some(({ ask }) => ask.gets === 'anything' || ask.gets === 'whole')) return undefined;
  const own = wave.filter(({ ask }) => ask.gets === 'own').length;
  const once = wave.filter(({ ask }) => ask.gets === 'once').map(variantOf);
  return own + new Set(once).size;
}

function variantOf({ ask, number }: Client): string {
  return ask.variant?.(number) ?? '';
}

function isBodiless({ method, status = 200 }: Ask): boolean {
  return method === 'HEAD' || status === 304;
}
