import { expect, test } from "vitest";
import { startServer } from "./server.ts";

test("a job that the server's own timer stops a moment before ours has timed out, and was not cancelled", async () => {
  const server = await startServer();
  await using emulator = server.emulator;
  const message = "Job execution was cancelled: Job timed out after 500ms";
  emulator.script({ sql: "select 1 as n", answer: { durationMs: 20, error: { reason: "stopped", message } } });
  await using source = server.create();
  await expect(source.query("select 1 as n", { statementTimeoutMs: 500 })).rejects.toMatchObject({
    code: "STATEMENT_TIMEOUT",
    nativeCode: "timeout",
  });
  // Somebody else's cancel comes long before the end.
  await expect(source.query("select 1 as n", { statementTimeoutMs: 60_000 })).rejects.toMatchObject({
    code: "CANCELLED",
    nativeCode: "stopped",
  });
});
