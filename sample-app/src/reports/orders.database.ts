import { Injectable } from '@nestjs/common';
import initSqlJs from 'sql.js';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { Database } from 'sql.js';

/** The cities that orders come from. */
export const CITIES = ['Lisbon', 'Oslo', 'Prague', 'Seville'] as const;
export type City = (typeof CITIES)[number];

/** One line of the report. */
export interface Pair {
  readonly first: string;
  readonly second: string;
  readonly together: number;
}

const PRODUCTS = [
  'bread',
  'butter',
  'coffee',
  'honey',
  'milk',
  'olives',
  'pears',
  'rice',
  'tea',
  'wine',
];
const ORDERS = 6_000;
const CUSTOMERS = 400;

/** A real table in a real SQL database, which happens to live in this process: nothing to install, nothing to start. */
@Injectable()
export class OrdersDatabase implements OnModuleInit, OnModuleDestroy {
  #database: Database | undefined;

  async onModuleInit(): Promise<void> {
    const { Database } = await initSqlJs();
    this.#database = new Database();
    this.#database.run('CREATE TABLE orders (customer INTEGER, city TEXT, product TEXT)');
    this.#database.run('BEGIN');
    const insert = this.#database.prepare('INSERT INTO orders VALUES (?, ?, ?)');
    const random = numbers(2026);
    for (let order = 0; order < ORDERS; order++) {
      const customer = Math.floor(random() * CUSTOMERS);
      // The square makes some products more popular than others, so that the report has something to say.
      const product = PRODUCTS[Math.floor(random() ** 2 * PRODUCTS.length)] ?? 'tea';
      insert.run([customer, CITIES[customer % CITIES.length] ?? 'Oslo', product]);
    }
    insert.free();
    this.#database.run('COMMIT');
  }

  onModuleDestroy(): void {
    this.#database?.close();
  }

  /**
   * What a city's customers buy together: a join of the table with itself, slow as such reports are. (The plus signs keep
   * SQLite from making an index for this one query, which would spoil the story.)
   */
  boughtTogether(city: City): Pair[] {
    const query = this.#database?.prepare(
      `SELECT a.product AS first, b.product AS second, COUNT(DISTINCT a.customer) AS together
         FROM orders a JOIN orders b ON +a.customer = +b.customer AND a.product < b.product
        WHERE a.city = ? AND b.city = a.city
        GROUP BY first, second ORDER BY together DESC, first, second LIMIT 5`,
    );
    const rows: Pair[] = [];
    query?.bind([city]);
    while (query?.step()) rows.push(query.getAsObject() as unknown as Pair);
    query?.free();
    return rows;
  }
}

/** Random numbers that are the same at each start (a linear congruential generator), so the report is the same, too. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
