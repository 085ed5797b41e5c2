import type { PostgresDataSourceOptions } from "@org/data-source-postgres";

/**
 * Which engine, and the options of its adapter. Without any, each adapter reads the variables of its own engine.
 *
 * - `postgres`: Postgres, Lakebase (`auth: "lakebase"`) and Redshift (`flavour: "redshift"`).
 */
export type DataSourceConfig = { readonly kind: "postgres" } & PostgresDataSourceOptions;
