import type { DataSource } from "@org/data-source-core";
import { composeDataSource } from "./data-source.ts";
import type { MySqlDataSourceOptions } from "./options.ts";

export type { MySqlDataSourceOptions, PasswordSource } from "./options.ts";

/**
 * A data source on MySQL 8 or later, or MariaDB 10.6 or later. It connects when it is first used; statements take `?`
 * as placeholders. Throws a ConfigurationError for a wrong option.
 *
 * @example
 * await using source = createMySqlDataSource({ url: "mysql://reader:secret@db.example.com/shop" });
 * const { rows } = await source.query({ text: "select * from orders where customer = ?", params: [42n] });
 */
export function createMySqlDataSource(options: MySqlDataSourceOptions = {}): DataSource {
  return composeDataSource(options);
}
