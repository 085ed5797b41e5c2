import type { Capabilities } from "./capabilities.ts";
import type { Catalog, IntrospectOptions, IntrospectScope } from "./catalog.ts";
import type { ConnectionReport, Estimate } from "./report.ts";
import type {
  ArrayRequest,
  BatchOptions,
  QueryOptions,
  Request,
  SessionOptions,
  StatementOptions,
  StreamOptions,
  TransactionOptions,
} from "./request.ts";
import type { QueryResult, QueryStream, Row } from "./result.ts";

/** The engine. Open, so that third parties can bring their own. */
export type DataSourceKind = "postgres" | "mysql" | "snowflake" | "bigquery" | (string & {});

/** A ceiling that no call can exceed. */
export type Access = "read-only" | "read-write";

/** A statement's options; inside a session or transaction without `readOnly`, which is fixed there. */
type OptionsOf<Inner extends boolean, Options> = Inner extends true ? Omit<Options, "readOnly"> : Options;

/** What runs statements: a data source, or (`Inner`) a session or transaction. */
export interface Queryable<Inner extends boolean = false> {
  /**
   * Runs one statement and collects its rows.
   *
   * @example
   * ```ts
   * import type { DataSource } from "@org/data-source-core";
   *
   * declare const source: DataSource;
   * const { rows } = await source.query<{ id: bigint }>({ text: "select id from t where a = $1", params: [1] });
   * ```
   */
  query<R extends readonly unknown[] = unknown[]>(
    request: ArrayRequest,
    options?: OptionsOf<Inner, QueryOptions<R>>,
  ): Promise<QueryResult<R>>;
  query<R = Row>(request: Request, options?: OptionsOf<Inner, QueryOptions<R>>): Promise<QueryResult<R>>;

  /**
   * Runs one statement and gives its rows in batches, as they are asked for. Throws at once for a wrong request or
   * option; everything else arrives from the stream.
   *
   * @example
   * ```ts
   * import type { DataSource, Row } from "@org/data-source-core";
   *
   * declare const source: DataSource;
   * declare const signal: AbortSignal;
   * declare function write(rows: readonly Row[]): Promise<void>;
   * for await (const rows of source.stream("select * from big", { signal })) await write(rows);
   * ```
   */
  stream<R extends readonly unknown[] = unknown[]>(
    request: ArrayRequest,
    options?: OptionsOf<Inner, StreamOptions<R>>,
  ): QueryStream<R>;
  stream<R = Row>(request: Request, options?: OptionsOf<Inner, StreamOptions<R>>): QueryStream<R>;
}

/** Statements on one connection, one at a time. Unusable once its work has settled. */
export interface Session extends Queryable<true> {
  transaction<T>(
    work: (transaction: Transaction) => Promise<T>,
    options?: Omit<TransactionOptions, "readOnly">,
  ): Promise<T>;
}

/** Statements that commit together. `transaction` inside it is a savepoint (`capabilities.savepoint`). */
export interface Transaction extends Queryable<true> {
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}

/**
 * One configured backend. All of its errors are DataSourceErrors.
 *
 * @example
 * ```ts
 * import type { DataSource } from "@org/data-source-core";
 *
 * declare function openDataSource(): DataSource; // such as createPostgresDataSource of its adapter
 * await using source = openDataSource();
 * const { rows, truncated } = await source.query("select * from orders", { maxRows: 100 });
 * ```
 */
export interface DataSource extends Queryable, AsyncDisposable {
  readonly kind: DataSourceKind;
  readonly access: Access;
  readonly capabilities: Capabilities;
  /** Who it acts as, for cache keys: holds no secret. `undefined` when that cannot be known: such a source is never cached. */
  readonly cacheIdentity: string | undefined;
  /** One connection for all of `work`, for temporary tables and settings; reset or discarded afterwards. */
  session<T>(work: (session: Session) => Promise<T>, options?: SessionOptions): Promise<T>;
  /** Commits when `work` fulfils, rolls back when it rejects. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Several statements, in order; all or nothing where `capabilities.atomicBatch`. */
  batch(requests: readonly Request[], options?: BatchOptions): Promise<QueryResult[]>;
  /** Reads the metadata with a fixed number of statements, whatever the number of tables. */
  introspect(scope?: IntrospectScope, options?: IntrospectOptions): Promise<Catalog>;
  /** What a statement would cost, without running it. `UNSUPPORTED` unless `capabilities.estimate`. */
  estimate(request: Request, options?: Omit<StatementOptions, "readOnly">): Promise<Estimate>;
  /** A failing step is in the report; rejects only for an abort, a wrong option or a closed source. */
  check(options?: Pick<StatementOptions, "signal" | "statementTimeoutMs">): Promise<ConnectionReport>;
  /** Lets running statements finish within a grace period, then cancels them. Idempotent. New calls: code `CLOSED`. */
  close(): Promise<void>;
}
