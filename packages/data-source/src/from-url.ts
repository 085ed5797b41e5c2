import type { DataSourceConfig } from "./config.ts";
import { exampleUrl, parseUrl } from "./url/parse-url.ts";
import { urlError } from "./url/url-reader.ts";

/**
 * The config that a URL stands for: `postgres://`, `redshift://`, `lakebase://projects/…`, `mysql://`, `mariadb://`, `snowflake://` or `bigquery://`. Throws a
 * ConfigurationError that says what is wrong and never shows the URL, which may hold a password.
 *
 * @example
 * ```ts
 * import { configFromUrl, createDataSource } from "@org/data-source";
 *
 * const url = "postgres://reader@localhost/shop";
 * const source = await createDataSource({ ...configFromUrl(url), access: "read-write" });
 * await source.close();
 * ```
 */
export function configFromUrl(url: string): DataSourceConfig {
  return parseUrl(url, "url");
}

/**
 * The config that a variable's URL stands for.
 *
 * @param name - Default `DATA_SOURCE_URL`.
 * @param env - Where the variable is looked up. Default `process.env`.
 *
 * @example
 * ```ts
 * import { configFromEnv, createDataSource } from "@org/data-source";
 *
 * const env = { REPORTS_URL: "postgres://reader@localhost/shop" };
 * const source = await createDataSource(configFromEnv("REPORTS_URL", env));
 * await source.close();
 * ```
 */
export function configFromEnv(
  name = "DATA_SOURCE_URL",
  env: Readonly<Record<string, string | undefined>> = process.env,
): DataSourceConfig {
  const url = env[name];
  if (url === undefined || url === "") throw urlError(name, `is not set; it must hold a URL such as ${exampleUrl}`);
  return parseUrl(url, name);
}
