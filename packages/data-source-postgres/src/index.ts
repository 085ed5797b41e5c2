import { composeDataSource } from "./data-source.ts";
import type { PostgresDataSourceOptions } from "./options.ts";

export type { PostgresDataSourceOptions } from "./options.ts";

export function createPostgresDataSource(
  options: PostgresDataSourceOptions = {},
): ReturnType<typeof composeDataSource> {
  return composeDataSource(options);
}
