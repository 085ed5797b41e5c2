import { ConfigurationError, type DataSource } from "@org/data-source-core";
import { adapters } from "./adapters.ts";
import type { DataSourceConfig } from "./config.ts";
import { configFromUrl } from "./from-url.ts";

/**
 * Opens a data source of any kind. Its adapter and driver are imported now, not with this package; no connection is
 * made before the first call. Only reads are allowed unless the config says `access: "read-write"`.
 *
 * @param config - A config by `kind`, or a URL as `configFromUrl` takes it. A wrong one rejects with a
 * ConfigurationError that names the field and never shows its value.
 *
 * @example
 * ```ts
 * import { createDataSource } from "@org/data-source";
 *
 * await using source = await createDataSource({ kind: "postgres", host: "db.example.com", user: "reader" });
 * const { rows } = await source.query({ text: "select name from customer where id = $1", params: [7] });
 * ```
 */
export async function createDataSource(config: DataSourceConfig | string): Promise<DataSource> {
  const { kind, ...options } = typeof config === "string" ? configFromUrl(config) : checkConfig(config);
  const create = await adapters[kind]();
  // TypeScript does not follow that both come from the same kind.
  return create(options as never);
}

function checkConfig(config: unknown): DataSourceConfig {
  if (typeof config !== "object" || config === null) {
    throw new ConfigurationError("config must be an object with a kind, or a URL", "config");
  }
  const { kind } = config as { kind?: unknown };
  if (typeof kind === "string" && Object.hasOwn(adapters, kind)) return config as DataSourceConfig;
  const kinds = Object.keys(adapters).map((name) => `"${name}"`);
  throw new ConfigurationError(`kind must be ${kinds.join(", ")}`, "kind");
}
