/** What Snowflake keeps about tables and DuckDB does not: declared keys, clustering, comments, types as declared. */

export interface EmulatedColumn {
  readonly name: string;
  readonly dataType: string;
  readonly length: number | undefined;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
  readonly nullable: boolean;
  readonly default: string | undefined;
  readonly identity: boolean;
  readonly comment: string | undefined;
}

export interface EmulatedKey {
  readonly kind: "PRIMARY KEY" | "UNIQUE" | "FOREIGN KEY";
  readonly name: string;
  readonly columns: readonly string[];
  readonly references:
    | { readonly schema: string; readonly table: string; readonly columns: readonly string[] }
    | undefined;
}

export interface EmulatedTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: "BASE TABLE" | "VIEW";
  /** Empty for a view or `create table as`: DuckDB knows them. */
  readonly columns: readonly EmulatedColumn[];
  readonly keys: readonly EmulatedKey[];
  readonly clusteringKey: string | undefined;
  readonly definition: string | undefined;
  readonly createdAt: number;
  comment: string | undefined;
}

export interface EmulatedCatalog {
  readonly tables: Map<string, EmulatedTable>;
  readonly schemas: Map<string, { comment: string | undefined }>;
}

export function createCatalog(): EmulatedCatalog {
  return { tables: new Map(), schemas: new Map([["PUBLIC", { comment: undefined }]]) };
}

export function keyOf(schema: string, table: string): string {
  return JSON.stringify([schema, table]);
}
