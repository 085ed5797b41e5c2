import { describeDataSource } from "@org/data-source-conformance";
import { afterAll } from "vitest";
import { createHarness } from "./harness.ts";
import { prepareDatabase, startServer } from "./server.ts";

const emulator = await startServer();
afterAll(() => emulator.close());
await prepareDatabase(emulator);

describeDataSource(createHarness(emulator));
