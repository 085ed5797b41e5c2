import { describeDataSource } from "@org/data-source-conformance";
import { startSnowflakeEmulator } from "@org/warehouse-emulators/snowflake";
import { afterAll } from "vitest";
import { createHarness } from "./harness.ts";

const emulator = await startSnowflakeEmulator();
afterAll(() => emulator.close());

describeDataSource(createHarness(emulator));
