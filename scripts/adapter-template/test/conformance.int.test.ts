import { describeDataSource } from "@org/data-source-conformance";
import { afterAll } from "vitest";
import { createHarness } from "./harness.ts";
import { startServer } from "./server.ts";

const server = await startServer();
afterAll(() => server.close());

describeDataSource(createHarness(server));
