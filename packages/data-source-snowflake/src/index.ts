import { composeDataSource, type SnowflakeDataSource } from "./data-source.ts";
import type { SnowflakeDataSourceOptions } from "./options.ts";

export type { SnowflakeDataSource } from "./data-source.ts";
export type { SnowflakeDataSourceOptions, SnowflakeTokenProvider } from "./options.ts";
export type { QueryStatusOptions } from "./query-status.ts";

/**
 * A data source on Snowflake, whose sessions heal when their authentication expires. It connects when first used;
 * wrong options are a ConfigurationError at once.
 *
 * @example
 * await using source = createSnowflakeDataSource({ account: "org-name", username: "REPORTER", privateKeyPath: "key.p8" });
 * const { rows } = await source.query("select * from orders", { maxRows: 100 });
 */
export function createSnowflakeDataSource(options: SnowflakeDataSourceOptions): SnowflakeDataSource {
  return composeDataSource(options);
}
