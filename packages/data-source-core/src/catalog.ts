import type { ColumnType } from "./result.ts";

/** What introspection found. Throughout: `undefined` is unknown, an empty list or `null` is known to be none. */
export interface Catalog {
  readonly schemas: readonly CatalogSchema[];
  /** What could not be read, and why. */
  readonly warnings: readonly CatalogWarning[];
}

export interface CatalogWarning {
  /** The part that is missing: `indexes`, `statistics`… */
  readonly part: string;
  readonly message: string;
  readonly schema: string | undefined;
  readonly table: string | undefined;
}

export interface CatalogSchema {
  /** The database or project it belongs to; `undefined` on MySQL, which has none. */
  readonly catalog: string | undefined;
  readonly name: string;
  readonly comment: string | null | undefined;
  readonly tables: readonly CatalogTable[];
}

export type TableKind = "table" | "view" | "materialized-view" | "foreign-table" | "external-table" | "temporary-table";

export interface CatalogTable {
  readonly name: string;
  readonly kind: TableKind | (string & {});
  readonly comment: string | null | undefined;
  /** Of a view or materialised view. */
  readonly definition: string | null | undefined;
  readonly columns: readonly CatalogColumn[];
  readonly primaryKey: CatalogKey | null | undefined;
  readonly foreignKeys: readonly CatalogForeignKey[] | undefined;
  readonly uniqueConstraints: readonly CatalogKey[] | undefined;
  readonly checks: readonly CatalogCheck[] | undefined;
  readonly indexes: readonly CatalogIndex[] | undefined;
  readonly partitioning: CatalogPartitioning | null | undefined;
  /** Clustering or sort expressions, in order. */
  readonly clustering: readonly string[] | null | undefined;
  readonly rowCount: CatalogFigure | undefined;
  readonly sizeBytes: CatalogFigure | undefined;
  readonly createdAt: string | undefined;
  readonly modifiedAt: string | undefined;
  /** What only this engine has, by its own names (MySQL's `engine`, BigQuery's `labels`). */
  readonly native: Readonly<Record<string, string>>;
}

export interface CatalogColumn extends ColumnType {
  readonly name: string;
  /** From 1. */
  readonly position: number;
  readonly length: number | undefined;
  /** The default as SQL; `null`: none. */
  readonly default: string | null | undefined;
  readonly comment: string | null | undefined;
  /** How the server fills it: identity or auto-increment. `null`: it does not. */
  readonly identity: "always" | "by-default" | null | undefined;
  /** The expression of a generated column. */
  readonly generated: string | null | undefined;
  readonly collation: string | undefined;
  /** Only when statistics were asked for. */
  readonly statistics?: ColumnStatistics;
}

export interface CatalogKey {
  readonly name: string | undefined;
  readonly columns: readonly string[];
  /** False where the engine only records it (Snowflake, BigQuery). */
  readonly enforced: boolean;
}

export interface CatalogForeignKey extends CatalogKey {
  readonly references: {
    readonly catalog: string | undefined;
    readonly schema: string;
    readonly table: string;
    readonly columns: readonly string[];
  };
  readonly onDelete: string | undefined;
  readonly onUpdate: string | undefined;
}

export interface CatalogCheck {
  readonly name: string | undefined;
  readonly expression: string;
}

export interface CatalogIndex {
  readonly name: string;
  readonly unique: boolean;
  /** `btree`, `gin`… */
  readonly method: string | undefined;
  readonly parts: readonly {
    /** A column's name, or an expression's SQL. */
    readonly expression: string;
    readonly isColumn: boolean;
    readonly order: "asc" | "desc" | undefined;
    /** MySQL: how many characters of the column are indexed. */
    readonly prefixLength: number | undefined;
  }[];
  /** The condition of a partial index. */
  readonly where: string | null | undefined;
}

export interface CatalogPartitioning {
  /** `range`, `list`, `hash`, `time`… */
  readonly strategy: string;
  readonly expressions: readonly string[];
  /** The partitions by name, where the engine lists them. */
  readonly partitions: readonly string[] | undefined;
}

export interface CatalogFigure {
  readonly value: number;
  /** `exact`: counted or kept by the engine. `estimate`: the optimiser's or a sample's. */
  readonly accuracy: "exact" | "estimate";
  /** Where it was read, such as `pg_class.reltuples`. */
  readonly source: string;
}

export interface ColumnStatistics {
  /** `catalog`: kept by the engine. `sample`: counted on at most `sampledRows` rows. */
  readonly source: "catalog" | "sample";
  readonly sampledRows: number | undefined;
  readonly distinctCount: number | undefined;
  /** 0 to 1. */
  readonly nullFraction: number | undefined;
  readonly min: unknown;
  readonly max: unknown;
  /** Some values, when samples were asked for. */
  readonly samples: readonly unknown[] | undefined;
}

/** Names, in which `*` stands for any characters and `\*` for a star. They are bound, never put into SQL text. */
export interface NameFilter {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** What to read. Default: every schema of the connection's database that is not the system's. */
export interface IntrospectScope {
  /** Databases or projects, by exact name. Default: the connection's own. */
  readonly catalogs?: readonly string[];
  readonly schemas?: NameFilter;
  readonly tables?: NameFilter;
}

export interface IntrospectOptions {
  readonly signal?: AbortSignal;
  /** For each catalog query. Default 60,000. */
  readonly statementTimeoutMs?: number;
  readonly queryTags?: Readonly<Record<string, string>>;
  /** Default none: nothing is read from the tables themselves. */
  readonly statistics?: StatisticsOptions;
}

/** Bounds what statistics may cost. */
export interface StatisticsOptions {
  /** Rows read from a table, at most. Default 10,000. */
  readonly sampleRows?: number;
  /** Values returned for each column. Default 0. */
  readonly samples?: number;
  /** Tables read at once. Default 2. */
  readonly concurrency?: number;
  /** For each table's statement. Default 10,000. */
  readonly statementTimeoutMs?: number;
}
