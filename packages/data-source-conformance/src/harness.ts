import type {
  CatalogTable,
  DataSource,
  DataSourceOptions,
  IntrospectScope,
  LogicalType,
  ParamType,
  ParamValue,
  SqlFragment,
} from "@org/data-source-core";

/** What an adapter tells the suite about its engine. All SQL that engines write differently is in here. */
export interface Harness {
  /** Shown in test names, such as `postgres 18`. */
  readonly name: string;
  readonly kind: string;
  /** A data source on the test server; `options` are the shared ones, to be added to the connection's own. */
  create(options?: DataSourceOptions): DataSource;
  /** The same with a password that the server refuses. */
  createWithWrongPassword(wrongPassword: string): DataSource;
  /** At an address where nobody listens. */
  createUnreachable(): DataSource;
  /** The password and whatever else must never be shown. Each at least 8 characters. */
  readonly secrets: readonly string[];
  /** Whether the account of `create` may write. */
  readonly canWrite: boolean | undefined;
  readonly sql: HarnessSql;
  readonly observe: ServerObserver;
  /** Extremes of each logical type. A type without a case needs an entry in `skip`: `types: <logical type>`. */
  readonly types: readonly TypeCase[];
  /** Parameters beyond those that the suite itself sends to every engine. */
  readonly roundTrips: readonly RoundTrip[];
  readonly readOnly: {
    /** Attempts to write as reads: each must be refused or do nothing. `table` is one that holds one row. */
    readonly escapes: (table: SqlFragment, name: string) => readonly (string | SqlFragment)[];
    /** Reads that a careless check would refuse. */
    readonly allowed: readonly string[];
  };
  readonly introspection: IntrospectionFixture;
  /** Isolation levels that the engine has; `undefined` where it has no transactions. */
  readonly isolation: "read-committed" | "repeatable-read" | "serializable" | "snapshot" | undefined;
  /** Cases that this engine cannot pass, by full name, each with its reason. A name that no case has is an error. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** `undefined`: the engine has none, and the cases that need it say so by name. */
export interface HarnessSql {
  /** A query of one integer column `n`, 1 to `count`, in order; of any size without taking memory on the server. */
  readonly numbers: (count: number) => string;
  /** A statement that takes `seconds` and holds `marker` in its text, for `observe.activeStatements`. */
  readonly sleep: (seconds: number, marker: string) => string;
  /** DDL: `id` integer primary key, `name` text nullable. */
  readonly createTable: (table: SqlFragment) => SqlFragment;
  /** DDL: a temporary table with an integer column `id`. */
  readonly createTemporaryTable: ((name: SqlFragment) => SqlFragment) | undefined;
  /** A query that fails at once, and which position (from 1) the error must have. */
  readonly syntaxError: { readonly text: string; readonly position: number | undefined };
  /** A query that fails for its data (`DATA`), such as a division by zero. */
  readonly dataError: string | undefined;
  /** As `numbers(count)`, but fails when it comes to row `failAt`. */
  readonly failingNumbers: ((count: number, failAt: number) => string) | undefined;
  /** An expression that joins texts: the parameter's type is then known to be text. */
  readonly textParam: (value: SqlFragment) => SqlFragment;
}

/** The server's own view, through a connection that is not the data source's. */
export interface ServerObserver {
  /** How many statements with this text are running. */
  readonly activeStatements: (marker: string) => Promise<number>;
  /** Connections or sessions of the data sources under test. `undefined`: the engine has none. */
  readonly openConnections: (() => Promise<number>) | undefined;
  /** Ends all of those on the server. */
  readonly dropConnections: (() => Promise<void>) | undefined;
  /** How many statements the server has run so far. */
  readonly statements: (() => Promise<number>) | undefined;
}

export interface TypeCase {
  readonly type: LogicalType;
  /** The expression to select. */
  readonly sql: string;
  /** What it arrives as, compared deeply and by type. */
  readonly value: unknown;
  /** What SQL NULL of this type arrives as. Default `null`; BigQuery has no null array. */
  readonly null?: unknown;
  /** Compared if stated. */
  readonly nativeType?: string;
  readonly precision?: number;
  readonly scale?: number;
}

export interface RoundTrip {
  readonly value: ParamValue;
  /** Bound through `sql.typed` if stated. */
  readonly type?: ParamType;
  readonly returned: unknown;
  /** How the placeholder is selected. Default: as it is. */
  readonly select?: (value: SqlFragment) => SqlFragment;
}

export interface IntrospectionFixture {
  /** Statements run once before, in order, and after. Everything is in `schema`. */
  readonly setup: readonly string[];
  readonly teardown: readonly string[];
  readonly schema: string;
  /** What to read to find exactly `tables`. */
  readonly scope: IntrospectScope;
  /** Each is matched with `toMatchObject`; `columns` in order. At least two, one of them a view called `conf_view`. */
  readonly tables: readonly (Pick<CatalogTable, "name" | "kind"> & object)[];
}
