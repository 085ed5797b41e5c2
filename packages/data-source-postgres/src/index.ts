import { composeDataSource, type PostgresDataSource } from "./data-source.ts";
import type { PostgresDataSourceOptions } from "./options.ts";

export { createLakebasePool } from "./lakebase-pool.ts";
export type { LakebasePoolOptions } from "./lakebase-pool.ts";
export type { PostgresDataSource } from "./data-source.ts";
export type { LakebaseOptions, PostgresDataSourceOptions } from "./options.ts";
export type { PostgresQueryOptions } from "./queryable.ts";

/**
 * A data source on Postgres, Lakebase (`auth: "lakebase"`) or Redshift (`flavour: "redshift"`). It connects when it is
 * first used. Throws a ConfigurationError that names a wrong option.
 *
 * @param options - What is left out comes from the PG… variables; see PostgresDataSourceOptions.
 *
 * @example
 * await using source = createPostgresDataSource({ url: "postgres://reader@db.example.com/shop", password: readSecret });
 * const { rows, truncated } = await source.query("select * from orders", { maxRows: 100 });
 */
export function createPostgresDataSource(options: PostgresDataSourceOptions = {}): PostgresDataSource {
  return composeDataSource(options);
}
