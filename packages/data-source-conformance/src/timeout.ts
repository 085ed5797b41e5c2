import { expect } from "vitest";
import { expectWorks, failure, marker, untilRunning, untilStopped, type Suite } from "./suite.ts";

export function timeoutCases(suite: Suite): void {
  suite.test("timeout: a statement ends at its timeout, on the server too", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    await expectWorks(source);
    const mark = marker();
    const started = performance.now();
    const error = await failure(
      source.query(harness.sql.sleep(30, mark), { statementTimeoutMs: 400 }),
      "STATEMENT_TIMEOUT",
    );
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(350);
    expect(took).toBeLessThan(3000);
    expect(error.kind).toBe(harness.kind);
    if (source.capabilities.statementTimeout.enforcedBy !== "none") await untilStopped(harness, mark);
    await expectWorks(source);
  });

  suite.test("timeout: each of many concurrent statements has its own", async ({ harness, create }) => {
    const source = create({ pool: { max: 10 } });
    const timeouts = Array.from({ length: 10 }, (_, index) => 300 + index * 150);
    const took = await Promise.all(
      timeouts.map(async (statementTimeoutMs) => {
        const started = performance.now();
        await failure(source.query(harness.sql.sleep(30, marker()), { statementTimeoutMs }), "STATEMENT_TIMEOUT");
        return performance.now() - started;
      }),
    );
    for (const [index, ms] of took.entries()) {
      expect(ms).toBeGreaterThanOrEqual((timeouts[index] ?? 0) - 20);
      expect(ms).toBeLessThan((timeouts[index] ?? 0) + 2000);
    }
  });

  suite.test("timeout: one does not stay behind for the next statement", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    // The timeout also covers a login, which is not what this is about.
    await expectWorks(source);
    await source.query("select 1", { statementTimeoutMs: 1_000 });
    const { rows } = await source.query(harness.sql.sleep(1.2, marker()), { statementTimeoutMs: 20_000 });
    expect(rows).toHaveLength(1);
  });

  suite.test("timeout: waiting for a connection counts", async ({ harness, create, needs }) => {
    needs(harness.observe.openConnections, "connections to wait for");
    const source = create({ pool: { max: 1 } });
    const mark = marker();
    const first = source.query(harness.sql.sleep(3, mark));
    await untilRunning(harness, mark);
    const started = performance.now();
    await failure(source.query("select 1", { statementTimeoutMs: 300 }), "STATEMENT_TIMEOUT", "ACQUIRE_TIMEOUT");
    expect(performance.now() - started).toBeLessThan(2000);
    expect((await first).rows).toHaveLength(1);
    await expectWorks(source);
  });

  suite.test("timeout: pool.acquireTimeoutMs is ACQUIRE_TIMEOUT", async ({ harness, create, needs }) => {
    needs(harness.observe.openConnections, "connections to wait for");
    const source = create({ pool: { max: 1, acquireTimeoutMs: 200 } });
    const mark = marker();
    const first = source.query(harness.sql.sleep(1.5, mark));
    await untilRunning(harness, mark);
    const error = await failure(source.query("select 1"), "ACQUIRE_TIMEOUT");
    expect(error.isRetryable).toBe(true);
    await first;
    await expectWorks(source);
  });

  suite.test("timeout: Infinity is none", async ({ create }) => {
    await create().query("select 1", { statementTimeoutMs: Infinity });
  });
}
