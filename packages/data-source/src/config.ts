import type { BigQueryDataSourceOptions } from "@org/data-source-bigquery";
import type { MySqlDataSourceOptions } from "@org/data-source-mysql";
import type { PostgresDataSourceOptions } from "@org/data-source-postgres";
import type { SnowflakeDataSourceOptions } from "@org/data-source-snowflake";

/**
 * Which engine, and the options of its adapter. What is left out comes from the variables of that engine, where it has
 * any.
 *
 * - `postgres`: Postgres, Lakebase (`auth: "lakebase"`) and Redshift (`flavour: "redshift"`).
 * - `mysql`: MySQL and MariaDB.
 */
export type DataSourceConfig =
  | ({ readonly kind: "postgres" } & PostgresDataSourceOptions)
  | ({ readonly kind: "mysql" } & MySqlDataSourceOptions)
  | ({ readonly kind: "snowflake" } & SnowflakeDataSourceOptions)
  | ({ readonly kind: "bigquery" } & BigQueryDataSourceOptions);
