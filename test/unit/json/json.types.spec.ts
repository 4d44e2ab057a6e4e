import { describe, expect, it } from '@jest/globals';
import { json, type JsonOptions, type JsonType } from '../../../lib/serializers/json/index.js';
import { messageOf, partsOf, roundTrip } from './round-trip.js';

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}

class Node {
  constructor(
    readonly name: string,
    readonly children: Node[] = [],
  ) {}
}

const MONEY: JsonType<Money> = {
  name: 'Money',
  is: (value) => value instanceof Money,
  encode: ({ amount, currency }) => [amount, currency],
  decode: (data) => new Money(...(data as [bigint, string])),
};

const NODE: JsonType<Node> = {
  name: 'Node',
  is: (value) => value instanceof Node,
  encode: ({ name, children }) => ({ name, children }),
  decode: (data) => {
    const { name, children } = data as Node;
    return new Node(name, children);
  },
};

describe('types', () => {
  it('come back as instances, wherever they are', () => {
    const value = { price: new Money(5n, 'EUR'), all: new Map([['k', [new Money(0n, 'USD')]]]) };

    expect(roundTrip(value, { types: [MONEY] })).toStrictEqual(value);
  });

  it('may contain themselves and each other', () => {
    const value = new Node('root', [new Node('a', [new Node('b')]), new Node('c')]);

    expect(roundTrip([value, new Money(1n, 'EUR')], { types: [NODE, MONEY] })).toStrictEqual([
      value,
      new Money(1n, 'EUR'),
    ]);
  });

  it('are asked before what is built in', () => {
    const day: JsonType<Date> = {
      name: 'Date',
      is: (value) => value instanceof Date,
      encode: (date) => date.toISOString().slice(0, 10),
      decode: (data) => new Date(`${data as string}T12:00:00Z`),
    };

    expect(roundTrip([new Date('2026-02-03T04:05:06Z')], { types: [day] })).toStrictEqual([
      new Date('2026-02-03T12:00:00Z'),
    ]);
  });

  it('may be functions or symbols', () => {
    const named: JsonType<symbol> = {
      name: 'symbol',
      is: (value) => typeof value === 'symbol',
      encode: (symbol) => Symbol.keyFor(symbol),
      decode: (data) => Symbol.for(data as string),
    };

    expect(roundTrip({ kind: Symbol.for('shop.kind') }, { types: [named] })).toStrictEqual({
      kind: Symbol.for('shop.kind'),
    });
  });

  it('are never read without being configured', () => {
    const payload = json({ types: [MONEY] }).serialize(new Money(1n, 'EUR'));

    expect(messageOf(() => json().deserialize(payload))).toBe(
      'The stored value has the unknown type "@Money".',
    );
  });

  it('that contain themselves for ever are refused', () => {
    const endless: JsonType<Node> = { ...NODE, encode: (node) => new Node(`${node.name}+`) };

    expect(() => json({ types: [endless] }).serialize(new Node('a'))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('is nested deeper than 500 levels.'),
      }),
    );
  });

  it('that encode a value as itself are refused', () => {
    const same: JsonType<Node> = { ...NODE, encode: (node) => node };

    expect(messageOf(() => json({ types: [same] }).serialize(new Node('a')))).toContain(
      '$ is circular',
    );
  });

  it('that fail to encode are the cause of the error', () => {
    const cause = new Error('no currency');
    const failing: JsonType<Money> = {
      ...MONEY,
      encode: () => {
        throw cause;
      },
    };

    expect(() => json({ types: [failing] }).serialize(new Money(1n, ''))).toThrow(
      expect.objectContaining({ code: 'CACHE_NOT_SERIALIZABLE', cause }),
    );
  });
});

describe("instances: 'plain'", () => {
  const PLAIN: JsonOptions = { instances: 'plain' };

  it('stores the properties of an instance, as plain JSON', () => {
    const payload = json(PLAIN).serialize({ price: new Node('a', [new Node('b')]) });

    expect(payload.data).toBe('{"price":{"name":"a","children":[{"name":"b","children":[]}]}}');
    expect(json(PLAIN).isPlain?.(payload.flags)).toBe(true);
  });

  it('stores what toJSON gives, if there is one', () => {
    class Row {
      #secret = 1;
      toJSON() {
        return { id: 7, at: new Date(0), secret: this.#secret > 0 };
      }
    }

    expect(roundTrip([new Row()], PLAIN)).toStrictEqual([{ id: 7, at: new Date(0), secret: true }]);
  });

  it('takes subclasses of what is built in for what they extend', () => {
    class Index extends Map<string, number> {}
    class Rows extends Array<number> {}
    class Day extends Date {}
    class HttpError extends TypeError {
      override name = 'HttpError';
      status = 404;
    }

    const back = roundTrip(
      [new Index([['a', 1]]), Rows.from([1, NaN]), new Day(5), new HttpError('x'), Object('text')],
      PLAIN,
    ) as [unknown, unknown, unknown, HttpError, unknown];

    expect(back.slice(0, 3)).toStrictEqual([new Map([['a', 1]]), [1, NaN], new Date(5)]);
    expect(back[3].constructor).toBe(TypeError);
    expect(partsOf(back[3])).toEqual({
      name: 'HttpError',
      status: 404,
      message: 'x',
    });
    expect(back[4]).toBe('text');
  });

  it('still refuses functions and promises inside', () => {
    class Service {
      run = () => 1;
    }

    expect(messageOf(() => json(PLAIN).serialize({ a: new Service() }))).toContain(
      '$.a.run is a function',
    );
    expect(messageOf(() => json(PLAIN).serialize([Promise.resolve()]))).toContain(
      '$[0] is a promise',
    );
  });

  it('lets configured types go first', () => {
    const value = [new Money(1n, 'EUR'), new Node('a')];

    expect(roundTrip(value, { types: [MONEY], instances: 'plain' })).toStrictEqual([
      new Money(1n, 'EUR'),
      { name: 'a', children: [] },
    ]);
  });
});

describe('the options of json()', () => {
  it.each<[string, unknown, string]>([
    [
      'instances',
      'keep',
      '"instances" in the options of json() is "keep", but must be "refuse" or "plain".',
    ],
    ['types', {}, '"types" in the options of json() is an object, but must be a list.'],
    ['types', [null], '"types[0].name" in the options of json() is undefined'],
    ['types', [{ ...MONEY, name: '' }], '"types[0].name" in the options of json() is ""'],
    ['types', [MONEY, { ...NODE, decode: 5 }], '"types[1].decode" in the options of json() is 5'],
    ['types', [MONEY, { ...NODE, name: 'Money' }], 'must be a name that no other type has'],
  ])('refuse %s = %p', (name, value, message) => {
    expect(() => json({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'CACHE_BAD_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('name the option that was probably meant', () => {
    expect(() => json({ type: [] } as JsonOptions)).toThrow('Did you mean "types"?');
  });
});
