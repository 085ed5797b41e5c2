import type { DataSource } from "@org/data-source-core";
import type { DataSourceConfig } from "../config.ts";
import { createDataSource } from "../create-data-source.ts";
import { configFromEnv, configFromUrl } from "../from-url.ts";
import type { Invocation } from "./arguments.ts";
import { readText } from "./sql-text.ts";
import { UsageError } from "./usage.ts";

/** The data source of the variable or file. It can write only with `--write`, and never if its file says read-only. */
export async function openSource(invocation: Invocation): Promise<DataSource> {
  const { config: path, env, write } = invocation;
  const config = path === undefined ? configFromEnv(env) : await readConfig(path);
  const { access = "read-write" } = config;
  return createDataSource({ ...config, access: write ? access : "read-only" });
}

async function readConfig(path: string): Promise<DataSourceConfig> {
  const content = await readText(path, "--config");
  let config: unknown;
  try {
    config = JSON.parse(content);
  } catch {
    // The parser's own message quotes the text, which may be a password.
    throw new UsageError('--config is not JSON: expected {"kind": …}, or a URL in double quotes');
  }
  return typeof config === "string" ? configFromUrl(config) : (config as DataSourceConfig);
}
