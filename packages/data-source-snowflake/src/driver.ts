import { createRequire } from "node:module";
import type * as SnowflakeDriver from "snowflake-sdk";

export type Driver = typeof SnowflakeDriver;
export type { Binds, Connection, ConnectionOptions, RowStatement } from "snowflake-sdk";

/**
 * Loads the driver at first use: importing it takes about a second. Unless its telemetry is wanted, it is told first not
 * to probe the cloud's metadata services and not to post about connections: it reads these variables while it loads and
 * at every login. A driver that the application has already loaded keeps the application's log level.
 */
export function loadDriver(wantsTelemetry: boolean): Driver {
  const require = createRequire(import.meta.url);
  const isLoaded = require.cache[require.resolve("snowflake-sdk")] !== undefined;
  if (!wantsTelemetry) {
    process.env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] ??= "true";
    process.env["SNOWFLAKE_DISABLE_MINICORE"] ??= "true";
    process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"] ??= "1";
  }
  const driver = require("snowflake-sdk") as Driver;
  // By default it writes a log file into the working directory.
  if (!isLoaded) driver.configure({ logLevel: "OFF" });
  return driver;
}

/** What the driver's errors have beside a message; the server's codes are strings, the driver's own are numbers. */
export interface DriverError extends Error {
  readonly code?: string | number;
  readonly sqlState?: string;
  readonly data?: { readonly queryId?: string; readonly line?: number; readonly pos?: number } | null;
}
