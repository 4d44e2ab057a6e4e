import type { BackendCase } from './backend-case.js';
import { expectEqual, expectTrue } from './assertions.js';
import { digits, expectPayload, SAMPLES, text } from './payload-samples.js';

/** Many calls at a time, and the end. */
export const concurrencyCases: readonly BackendCase[] = [
  {
    title: 'of a hundred concurrent add() calls one wins, and its payload is kept',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) => backend.add(key('k'), text(`${index}`), 100)),
      );

      expectEqual(answers.filter(Boolean).length, 1, 'how many won');
      const winner = text(`${answers.indexOf(true)}`);
      expectPayload(await backend.get(key('k')), winner, 'the entry');
    },
  },
  {
    title: 'two hundred concurrent incr() calls are all counted, and each sees its own number',
    needs: ['storage', 'incr'],
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(0), 100);

      const answers = await Promise.all(
        Array.from({ length: 200 }, () => backend.incr!(key('n'), 1)),
      );

      expectEqual(new Set(answers).size, 200, 'how many different numbers');
      expectEqual(Math.max(...(answers as number[])), 200, 'the highest');
      expectPayload(await backend.get(key('n')), digits(200), 'the counter');
    },
  },
  {
    title: 'concurrent incr() calls up and down are all counted',
    needs: ['storage', 'incr'],
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(200), 100);

      await Promise.all(
        Array.from({ length: 40 }, (_, index) => backend.incr!(key('n'), index % 2 ? -7 : 7)),
      );

      expectEqual(await backend.incr!(key('n'), 0), 200, 'the counter');
    },
  },
  {
    title: 'concurrent calls get their own answers',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const samples = Object.values(SAMPLES);
      const names = Array.from({ length: 300 }, (_, index) => index);
      await Promise.all(
        names.map((name) => backend.set(key(`${name}`), samples[name % samples.length]!, 100)),
      );

      const found = await Promise.all(names.map((name) => backend.get(key(`${name}`))));

      for (const name of names) {
        expectPayload(found[name], samples[name % samples.length]!, `the entry ${name}`);
      }
    },
  },
  {
    title: 'concurrent set() calls leave one of their payloads, whole',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const payloads = Array.from({ length: 20 }, (_, index) => text(`${index};`.repeat(2000)));

      await Promise.all(payloads.map((payload) => backend.set(key('k'), payload, 100)));

      const left = await backend.get(key('k'));
      const data = String(left?.data);
      expectTrue(
        payloads.some((payload) => payload.data === data),
        'what is left is one of the payloads',
      );
    },
  },
  {
    title: 'close() may be called twice, and lets what is in flight end',
    run: async ({ backend, key }) => {
      const inFlight = Array.from({ length: 20 }, (_, index) =>
        backend.set(key(`${index}`), text('v'), 100),
      );

      await backend.close?.();
      await backend.close?.();

      const answers = await Promise.allSettled(inFlight);
      const failed = answers.filter(({ status }) => status === 'rejected').length;
      expectEqual(failed, 0, 'how many failed');
    },
  },
];
