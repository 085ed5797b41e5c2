import type { BigQueryDataSourceOptions } from "@org/data-source-bigquery";
import type { PostgresDataSourceOptions } from "@org/data-source-postgres";

/**
 * Which engine, and the options of its adapter. What is left out comes from the variables of that engine, where it has
 * any.
 *
 * - `postgres`: Postgres, Lakebase (`auth: "lakebase"`) and Redshift (`flavour: "redshift"`).
 */
export type DataSourceConfig =
  | ({ readonly kind: "postgres" } & PostgresDataSourceOptions)
  | ({ readonly kind: "bigquery" } & BigQueryDataSourceOptions);
