/** The small part of sql.js that the sample uses: SQLite compiled to WebAssembly, in this process. */
declare module 'sql.js' {
  export type SqlValue = number | string | Uint8Array | null;

  export interface Statement {
    run(values: SqlValue[]): void;
    bind(values: SqlValue[]): boolean;
    step(): boolean;
    getAsObject(): Record<string, SqlValue>;
    free(): boolean;
  }

  export interface Database {
    run(sql: string): Database;
    prepare(sql: string): Statement;
    close(): void;
  }

  export default function initSqlJs(): Promise<{ Database: new () => Database }>;
}
