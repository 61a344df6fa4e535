/** A query as node-postgres takes it. With a name, each connection prepares it once. */
export interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}
/** The part of a client of node-postgres that is used. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ readonly rows: unknown[] }>;
}
/** A client that was taken out of a pool. */
export interface PostgresPoolClient extends PostgresClient {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as node-postgres types its listeners
  on(event: 'notification' | 'error' | 'end', listener: (...args: any[]) => void): unknown;
  release(isBroken?: boolean): void;
}
/** The part of `pg.Pool` that is used. */
export interface PostgresPool extends PostgresClient {
  connect(): Promise<PostgresPoolClient>;
  /** A pool reports each idle connection that is lost. */
  on?(event: 'error', listener: () => void): unknown;
}
