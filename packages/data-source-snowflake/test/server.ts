import type { DataSourceOptions } from "@org/data-source-core";
import {
  startSnowflakeEmulator,
  type SnowflakeEmulator,
  type SnowflakeEmulatorOptions,
} from "@org/warehouse-emulators/snowflake";
import type { Connection } from "snowflake-sdk";
import { afterEach } from "vitest";
import { createSnowflakeDataSource, type SnowflakeDataSource, type SnowflakeDataSourceOptions } from "../src/index.ts";
import { loadDriver } from "../src/driver.ts";

/** The only retries of the driver that an option reaches: those of a login. */
const driverOptions = { sfRetryMaxLoginRetries: 1 } as object;

/** A data source that logs in to the emulator by password. */
export function open(emulator: SnowflakeEmulator, options: SnowflakeDataSourceOptions = {}): SnowflakeDataSource {
  return createSnowflakeDataSource({ ...emulator.connectionOptions, driverOptions, ...options });
}

/** What an application's own factory does. */
export function connect(emulator: SnowflakeEmulator, options: object = {}): Promise<Connection> {
  const connection = loadDriver(false).createConnection({
    ...emulator.connectionOptions,
    ...driverOptions,
    ...options,
  });
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

export interface FactorySource {
  readonly source: SnowflakeDataSource;
  /** Connections that the factory has been asked for. */
  readonly calls: () => number;
}

interface Setup {
  start(options?: SnowflakeEmulatorOptions): Promise<SnowflakeEmulator>;
  /** A read-write source over a factory. */
  withFactory(emulator: SnowflakeEmulator, options?: DataSourceOptions): FactorySource;
  track<T extends AsyncDisposable>(resource: T): T;
}

/** Everything that a test starts ends with it. */
export function createSetup(): Setup {
  const resources: AsyncDisposable[] = [];
  const track = <T extends AsyncDisposable>(resource: T): T => {
    resources.push(resource);
    return resource;
  };
  afterEach(async () => {
    for (const resource of resources.splice(0).toReversed()) await resource[Symbol.asyncDispose]();
  });
  return {
    track,
    start: async (options) => track(await startSnowflakeEmulator(options)),
    withFactory: (emulator, options) => {
      let calls = 0;
      const connectionFactory = (): Promise<Connection> => {
        calls += 1;
        return connect(emulator);
      };
      const source = createSnowflakeDataSource({
        access: "read-write",
        closeTimeoutMs: 1000,
        ...options,
        connectionFactory,
      });
      return { source: track(source), calls: () => calls };
    },
  };
}
