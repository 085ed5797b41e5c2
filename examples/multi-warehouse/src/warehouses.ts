import type { DataSourceConfig } from "@org/data-source";
import { startLakebaseEmulator } from "@org/lakebase-emulator";
import { startBigQueryEmulator } from "@org/warehouse-emulators/bigquery";
import { isMySqlInstalled, startMySqlServer } from "@org/warehouse-emulators/mysql";
import { startSnowflakeEmulator } from "@org/warehouse-emulators/snowflake";

/** A local engine, and what the example needs in its own SQL. */
export interface Warehouse extends AsyncDisposable {
  readonly name: string;
  readonly config: DataSourceConfig;
  readonly createTable: string;
  /** A statement that takes half a minute. */
  readonly slow?: string;
  /** Ends the sessions on the server, as after hours without use. */
  readonly expire?: () => void;
}

/** All four, or three where no MariaDB or MySQL is installed. */
export async function startWarehouses(): Promise<Warehouse[]> {
  const start = [startPostgres, startSnowflake, startBigQuery];
  if (await isMySqlInstalled()) start.splice(1, 0, startMySql);
  return await Promise.all(start.map((each) => each()));
}

const createTable = "create table orders (region varchar(20), amount decimal(10, 2))";

async function startPostgres(): Promise<Warehouse> {
  const emulator = await startLakebaseEmulator();
  return {
    name: "Lakebase (Postgres)",
    config: { kind: "postgres", auth: { env: emulator.env, ssl: { ca: emulator.ca } } },
    createTable,
    slow: "select pg_sleep(30)",
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

async function startMySql(): Promise<Warehouse> {
  const { options, close } = await startMySqlServer();
  return { name: "MariaDB", config: { kind: "mysql", ...options }, createTable, [Symbol.asyncDispose]: close };
}

async function startSnowflake(): Promise<Warehouse> {
  const emulator = await startSnowflakeEmulator();
  return {
    name: "Snowflake",
    config: { kind: "snowflake", ...emulator.connectionOptions },
    createTable,
    expire: () => emulator.expire("authentication"),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

async function startBigQuery(): Promise<Warehouse> {
  const emulator = await startBigQueryEmulator();
  await emulator.defineDataset({ dataset: "shop" });
  return {
    name: "BigQuery",
    config: {
      kind: "bigquery",
      projectId: emulator.projectId,
      apiEndpoint: emulator.url,
      dataset: "shop",
      credentials: { accessToken: () => "a token that the emulator takes" },
    },
    createTable: "create table orders (region string, amount numeric)",
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}
