import type { DataSource } from "@org/data-source-core";
import { composeDataSource } from "./data-source.ts";
import type { AcmeDataSourceOptions } from "./options.ts";

export type { AcmeDataSourceOptions } from "./options.ts";

/**
 * A data source on Acme. Connects when first used. Throws a ConfigurationError for a wrong option.
 *
 * @example
 * await using source = createAcmeDataSource({ host: "acme.example.com", user: "reader", password });
 * const { rows } = await source.query("select 1 as one");
 */
export function createAcmeDataSource(options: AcmeDataSourceOptions): DataSource {
  return composeDataSource(options);
}
