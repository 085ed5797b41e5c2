import { ConfigurationError } from "@org/data-source-core";
import { configurationChecks as check } from "@org/data-source-core/adapter";
import { type ConnectionOptions as LakebaseOptions, getPgConfig, LakebaseAuthError } from "@org/lakebase-auth";
import type { PostgresDataSourceOptions, Target } from "./options.ts";
import { createRefreshSpans } from "./telemetry.ts";

/** The options of lakebase-auth that a data source has under the same name. */
const shared = ["host", "port", "user", "database", "password", "ssl", "env"] as const;

/** Where an endpoint is, and a provider of its credentials; both from lakebase-auth. */
export function resolveLakebase(options: PostgresDataSourceOptions): Target {
  const { auth, url, applicationName } = options;
  if (url !== undefined) {
    throw new ConfigurationError("url and auth exclude each other: pass host, user and database instead", "url");
  }
  const own: LakebaseOptions = auth === "lakebase" ? {} : check.object("auth", auth);
  const outer = Object.fromEntries(
    shared.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
  const refreshSpans = createRefreshSpans();
  const config = open({
    ...outer,
    ...own,
    onEvent: (event) => {
      refreshSpans.onEvent(event);
      own.onEvent?.(event);
    },
  });
  return {
    refreshSpans,
    host: config.host,
    port: config.port,
    user: config.user,
    database: config.database,
    password: config.password,
    ssl: config.ssl,
    applicationName: applicationName ?? config.application_name,
  };
}

function open(options: LakebaseOptions): ReturnType<typeof getPgConfig> {
  try {
    return getPgConfig(options);
  } catch (error) {
    if (!(error instanceof LakebaseAuthError)) throw error;
    const { field } = error as { field?: string };
    throw new ConfigurationError(error.message, field === undefined ? "auth" : `auth.${field}`, { cause: error });
  }
}
