import { createRequire } from "node:module";
import type * as Snowflake from "snowflake-sdk";
import type { SnowflakeEmulator } from "../src/snowflake/index.ts";

// Read when the driver is loaded: nothing of it may look beyond this machine.
process.env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true";
process.env["SNOWFLAKE_DISABLE_MINICORE"] = "true";
process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"] = "1";

const snowflake: typeof Snowflake = createRequire(import.meta.url)("snowflake-sdk") as typeof Snowflake;
snowflake.configure({ logLevel: "OFF", disableOCSPChecks: true });

const quick = { sfRetryMaxLoginRetries: 1, sfRetryMaxNumRetries: 2, largeResultSetRetryMaxNumRetries: 1 };

export function connect(emulator: SnowflakeEmulator, options: object = {}): Promise<Snowflake.Connection> {
  const connection = snowflake.createConnection({ ...emulator.connectionOptions, ...quick, ...options });
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

export interface Executed {
  readonly rows: Record<string, unknown>[];
  readonly statement: Snowflake.RowStatement;
}

export function execute(
  connection: Snowflake.Connection,
  sqlText: string,
  options: Partial<Snowflake.StatementOption> = {},
): Promise<Executed> {
  return new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      ...options,
      complete: (error, statement, rows) => {
        if (error) reject(error);
        else resolve({ rows: (rows ?? []) as Record<string, unknown>[], statement });
      },
    });
  });
}

/** The driver's error code, as text: it gives numbers for its own and strings for the server's. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return "fulfilled";
}

export function destroy(connection: Snowflake.Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.destroy(() => resolve());
  });
}
