import type { DataSource } from "@org/data-source-core";
import type { DataSourceConfig } from "./config.ts";

type Kind = DataSourceConfig["kind"];
type OptionsOf<K extends Kind> = Omit<Extract<DataSourceConfig, { readonly kind: K }>, "kind">;
type Load<K extends Kind> = () => Promise<(options: OptionsOf<K>) => DataSource>;

/** How to reach each adapter. None is imported, and so no driver, before it is asked for. */
export const adapters: { readonly [K in Kind]: Load<K> } = {
  postgres: async () => (await import("@org/data-source-postgres")).createPostgresDataSource,
  mysql: async () => (await import("@org/data-source-mysql")).createMySqlDataSource,
  snowflake: async () => (await import("@org/data-source-snowflake")).createSnowflakeDataSource,
  bigquery: async () => (await import("@org/data-source-bigquery")).createBigQueryDataSource,
};
