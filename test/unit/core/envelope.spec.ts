import { describe, expect, it } from '@jest/globals';
import type { Payload } from '../../../lib/core/cache-backend.interface.js';
import { Envelope, type EnvelopeHead, openEnvelope } from '../../../lib/core/envelope.js';
import { FLAG_ENVELOPE } from '../../../lib/core/payload-flags.js';

const HEADS: Readonly<Record<string, EnvelopeHead>> = {
  'no stamps': { storedAt: 1_700_000_000_000, stamps: [] },
  'two stamps': {
    storedAt: 1.5,
    stamps: [
      { key: '~tag:0::a', text: 'a1.x' },
      { key: `~tag:#${'f'.repeat(64)}`, text: 'i2.y' },
    ],
  },
  'a thousand stamps': {
    storedAt: 0,
    stamps: Array.from({ length: 1000 }, (_, index) => ({ key: `~tag:${index}`, text: 'a1.x' })),
  },
  'a time of being fresh': { storedAt: 1, freshUntil: 2, stamps: [] },
  'a load time': { storedAt: 1, loadMs: 0.25, stamps: [] },
  everything: { storedAt: 1, freshUntil: 2, loadMs: 3, stamps: [{ key: '~tag:a', text: 'b' }] },
};
const VALUES: Readonly<Record<string, Payload>> = {
  text: { flags: 16, data: 'é' },
  bytes: { flags: 0, data: Buffer.from([0, 255]) },
  nothing: { flags: 1024, data: '' },
};
const CASES = Object.keys(HEADS).flatMap((head) =>
  Object.keys(VALUES).map((value) => [head, value]),
);

/** As it comes back from a backend that keeps bytes. */
function stored({ data }: Envelope): Payload {
  return { flags: FLAG_ENVELOPE, data: Buffer.from(data) };
}

describe('an envelope', () => {
  it.each(CASES)('with %s around %s is read as it was written', (head, value) => {
    const envelope = new Envelope(VALUES[value]!, HEADS[head]!);

    const read = openEnvelope(stored(envelope));

    expect(read.inner.flags).toBe(VALUES[value]!.flags);
    expect(read.inner.data.toString('latin1')).toBe(
      Buffer.from(VALUES[value]!.data).toString('latin1'),
    );
    expect(read.head).toEqual(HEADS[head]);
    expect(read.data).toEqual(envelope.data);
  });

  it('that was never written is taken as it is', () => {
    const envelope = new Envelope(VALUES['text']!, HEADS['everything']!);

    expect(openEnvelope(envelope)).toBe(envelope);
  });

  it('cannot be read if its head is cut short anywhere', () => {
    const { data } = new Envelope({ flags: 16, data: '' }, HEADS['everything']!);

    for (let length = 0; length < data.length; length += 1) {
      const cut = { flags: FLAG_ENVELOPE, data: data.subarray(0, length) };
      expect(() => openEnvelope(cut)).toThrow(
        expect.objectContaining({ code: 'CACHE_UNREADABLE' }),
      );
    }
  });

  it('with any byte changed is another one or none, and nothing else goes wrong', () => {
    const { data } = new Envelope({ flags: 16, data: 'value' }, HEADS['everything']!);
    let unreadable = 0;

    for (let at = 0; at < data.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = Buffer.from(data);
        changed[at]! ^= 1 << bit;
        try {
          expect(openEnvelope({ flags: FLAG_ENVELOPE, data: changed }).data).toEqual(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CACHE_UNREADABLE' });
          unreadable += 1;
        }
      }
    }

    expect(unreadable).toBeGreaterThan(0);
  });

  it.each([
    ['another version', 0, 2],
    ['parts that are not known', 1, 4],
  ])('of %s cannot be read', (_, at, value) => {
    const data = Buffer.from(new Envelope(VALUES['text']!, HEADS['everything']!).data);
    data[at] = value;

    expect(() => openEnvelope({ flags: FLAG_ENVELOPE, data })).toThrow('cannot be read');
  });

  it('in an envelope cannot be read', () => {
    const inner = new Envelope(VALUES['text']!, HEADS['everything']!);

    expect(() => openEnvelope(stored(new Envelope(inner, HEADS['everything']!)))).toThrow(
      'cannot be read',
    );
  });
});
