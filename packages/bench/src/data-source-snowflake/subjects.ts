import { createSnowflakeDataSource, type SnowflakeDataSource } from "@org/data-source-snowflake";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Snowflake from "snowflake-sdk";

export interface ConnectionOptions {
  readonly account: string;
  readonly accessUrl: string;
  readonly username: string;
  readonly password: string;
}

export interface EmulatorProcess extends AsyncDisposable {
  readonly options: ConnectionOptions;
  /** Ends every session, or only asks; gives how many logins there were. */
  tell(what: "expire" | "count"): Promise<number>;
}

export async function startEmulator(): Promise<EmulatorProcess> {
  const child = forkScript("emulator-process.ts");
  const [options] = (await once(child, "message")) as [ConnectionOptions];
  return {
    options,
    tell: async (what) => {
      child.send(what);
      const [{ logins }] = (await once(child, "message")) as [{ logins: number }];
      return logins;
    },
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

export function forkScript(name: string, args: readonly string[] = []): ChildProcess {
  return fork(join(import.meta.dirname, name), args, { execArgv: ["--conditions=@org/source", "--expose-gc"] });
}

/** The driver as an application uses it. */
export async function connectDriver(options: ConnectionOptions): Promise<Snowflake.Connection> {
  process.env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true";
  process.env["SNOWFLAKE_DISABLE_MINICORE"] = "true";
  process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"] = "1";
  const driver = createRequire(import.meta.url)("snowflake-sdk") as typeof Snowflake;
  driver.configure({ logLevel: "OFF" });
  const connection = driver.createConnection({ ...options });
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

export function driverRows(connection: Snowflake.Connection, sqlText: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    connection.execute({ sqlText, complete: (error, _, rows) => (error ? reject(error) : resolve(rows ?? [])) });
  });
}

export function driverStream(connection: Snowflake.Connection, sqlText: string): Promise<AsyncIterable<unknown>> {
  return new Promise((resolve, reject) => {
    const complete = (error: Error | undefined, statement: Snowflake.RowStatement): void =>
      error ? reject(error) : resolve(statement.streamRows());
    connection.execute({ sqlText, streamResult: true, complete });
  });
}

export function overFactory(options: ConnectionOptions): { source: SnowflakeDataSource; calls: () => number } {
  let calls = 0;
  const connectionFactory = (): Promise<Snowflake.Connection> => {
    calls += 1;
    return connectDriver(options);
  };
  return { source: createSnowflakeDataSource({ connectionFactory }), calls: () => calls };
}
