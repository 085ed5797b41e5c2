export { isDataSourceError, sql, toJsonRow } from "@org/data-source-core";
export type { DataSource, QueryResult, QueryStream, Row } from "@org/data-source-core";
export type { DataSourceConfig } from "./config.ts";
export { createDataSource } from "./create-data-source.ts";
export { configFromEnv, configFromUrl } from "./from-url.ts";
