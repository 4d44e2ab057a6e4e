import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { randomFrom } from '../../support/random.js';
import { startController, type Answer, type HttpApp } from './http-app.js';
import { randomRequest, type ModelRequest } from './model-requests.js';
import { KINDS, Model, SELDOM_SHARED, said, type Said } from './model.controller.js';
import { describeOnGrounds, pageGround, type PageGround } from './page-grounds.js';

jest.setTimeout(process.env['HEAVY'] ? 1_800_000 : 120_000);

const REQUESTS = process.env['HEAVY'] ? 100_000 : 2_000;
const CLIENTS = 20;
const SEED = 91_111;
/** After so many requests everything is forgotten. */
const BETWEEN_CLEARS = 500;

/** What is wrong with an answer; undefined if nothing is. */
function faultOf(request: ModelRequest, answer: Answer): string | undefined {
  const { facts, method, headers } = request;
  const { status } = answer;
  if (headers['X-Name'] === 'mallory') {
    return status === 403 && !answer.body.includes('run') ? undefined : 'a guard was not obeyed';
  }
  const run = said.get(Number(answer.headers['x-run']));
  if (!run) return 'no handler made it';
  const isBodiless = method === 'HEAD' || status === 304;
  if (answer.body !== (isBodiless ? '' : JSON.stringify(run)))
    return 'head and body do not belong together';
  const strange = Object.entries(facts).find(
    ([name, value]) => name in run && run[name as keyof Said] !== value,
  );
  if (strange) return `it was made for another ${strange[0]}`;
  if (run.port !== undefined && run.port !== answer.from) return 'it was made for another client';
  return statusFaultOf(request, answer, run) ?? headFaultOf(request, answer, run);
}

function statusFaultOf(
  { headers }: ModelRequest,
  { status }: Answer,
  run: Said,
): string | undefined {
  if (status === run.status) return undefined;
  if (status !== 304 || run.status !== 200) return `its status is not ${run.status}`;
  const isConditional = 'If-None-Match' in headers || 'If-Modified-Since' in headers;
  return isConditional ? undefined : 'nobody asked on a condition';
}

function headFaultOf({ facts }: ModelRequest, answer: Answer, run: Said): string | undefined {
  const { 'set-cookie': cookies, 'access-control-allow-origin': origin } = answer.headers;
  if (cookies && answer.cache === 'HIT') return 'a page sets a cookie';
  if (cookies && (cookies.length > 1 || cookies[0] !== `sid=${run.run}`)) {
    return 'it sets the cookie of another';
  }
  if (origin !== undefined && origin !== (facts.origin ?? 'none'))
    return 'it allows another origin';
  const isPart = answer.headers['content-range'] !== undefined;
  return isPart === (run.status === 206) ? undefined : 'it is a part and says so not';
}

describeOnGrounds(
  'random requests',
  (platform, backend) => {
    let ground: PageGround;
    let http: HttpApp;

    beforeAll(async () => {
      ground = await pageGround(backend);
      http = await startController(platform, Model, { cache: ground.options });
    });

    afterAll(async () => {
      await http.close();
      await ground.remove();
    });

    it(`get what is theirs: ${REQUESTS} of them, ${CLIENTS} at once`, async () => {
      const random = randomFrom(SEED);
      const faults: string[] = [];
      const shared = new Set<string>();
      const runs = said.size;
      let asked = 0;
      const client = async (): Promise<void> => {
        while (asked < REQUESTS) {
          asked += 1;
          if (asked % BETWEEN_CLEARS === 0) await http.cache.clear();
          const request = randomRequest(random);
          const ran = said.size;
          const answer = await http.ask(request.url, request);
          const fault = faultOf(request, answer);
          if (fault !== undefined) faults.push(`${fault}: ${JSON.stringify({ request, answer })}`);
          if (Number(answer.headers['x-run']) <= ran) shared.add(request.kind);
        }
      };

      await Promise.all(Array.from({ length: CLIENTS }, client));

      expect(faults).toEqual([]);
      expect(http.log.said().filter((line) => line.includes('error'))).toEqual([]);
      expect(said.size - runs).toBeLessThan(REQUESTS * 0.95);
      const kinds = Object.keys(KINDS).filter((kind) => !SELDOM_SHARED.includes(kind));
      expect(kinds.filter((kind) => !shared.has(kind))).toEqual([]);
    });
  },
  ['memory', 'memcached'],
);
