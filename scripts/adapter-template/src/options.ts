import type { DataSourceOptions } from "@org/data-source-core";
import {
  configurationChecks as check,
  resolveSourceOptions,
  type ResolvedSourceOptions,
  sourceOptionNames,
} from "@org/data-source-core/adapter";

/** Where and as whom to connect. */
export interface AcmeDataSourceOptions extends DataSourceOptions {
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

export interface ResolvedOptions extends ResolvedSourceOptions {
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

export function resolveOptions(options: AcmeDataSourceOptions): ResolvedOptions {
  check.object("options", options);
  check.known(options, [...sourceOptionNames, "host", "user", "password"]);
  return {
    ...resolveSourceOptions(options),
    host: check.string("host", options.host),
    user: check.string("user", options.user),
    password: check.string("password", options.password),
  };
}
