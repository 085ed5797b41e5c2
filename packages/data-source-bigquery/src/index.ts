import type { DataSource } from "@org/data-source-core";
import { composeDataSource } from "./data-source.ts";
import type { BigQueryDataSourceOptions } from "./options.ts";

export type {
  AccessToken,
  AccessTokenProvider,
  BigQueryCredentials,
  BigQueryDataSourceOptions,
  BigQueryImpersonation,
  ServiceAccountKey,
} from "./options.ts";

/**
 * A data source on BigQuery. Connects when first used. Reads pass a dry run first, and no statement may bill more than
 * `maximumBytesBilled` (25 GiB). Throws a ConfigurationError for a wrong option.
 *
 * @example
 * await using source = createBigQueryDataSource({ projectId: "my-project", location: "EU" });
 * const { rows } = await source.query({ text: "select * from shop.orders where id = @id", params: { id: 1n } });
 */
export function createBigQueryDataSource(options: BigQueryDataSourceOptions = {}): DataSource {
  return composeDataSource(options);
}
