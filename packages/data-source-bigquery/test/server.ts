import {
  startBigQueryEmulator,
  type BigQueryEmulator,
  type BigQueryEmulatorOptions,
} from "@org/warehouse-emulators/bigquery";
import { createBigQueryDataSource, type BigQueryDataSourceOptions } from "../src/index.ts";

export const token = "ya29.secret-token-of-the-tests";

export interface TestServer {
  readonly emulator: BigQueryEmulator;
  /** A data source on the emulator, with the token that it takes. */
  create(options?: BigQueryDataSourceOptions): ReturnType<typeof createBigQueryDataSource>;
}

/** A local BigQuery; nothing leaves loopback, since the token comes from a function. */
export async function startServer(options?: BigQueryEmulatorOptions): Promise<TestServer> {
  const emulator = await startBigQueryEmulator(options);
  emulator.identity.acceptOnly([token]);
  return {
    emulator,
    create: (given) =>
      createBigQueryDataSource({
        projectId: emulator.projectId,
        apiEndpoint: emulator.url,
        credentials: { accessToken: () => token },
        ...given,
      }),
  };
}
