import { expect } from "vitest";
import {
  columnsOf,
  eventually,
  expectWorks,
  failure,
  marker,
  untilNoneOpen,
  untilRunning,
  untilStopped,
  type Suite,
} from "./suite.ts";

export function closeCases(suite: Suite): void {
  suite.test("close: ends every connection, and again is nothing", async ({ harness, create, needs }) => {
    const openConnections = needs(harness.observe.openConnections, "connections");
    await untilNoneOpen(openConnections);
    const source = create();
    await Promise.all([expectWorks(source), expectWorks(source), expectWorks(source)]);
    expect(await openConnections()).toBeGreaterThan(0);
    await source.close();
    await source.close();
    await eventually(openConnections, (open) => open === 0, 2000, "connections after close");
  });

  suite.test("close: unused, it closes", async ({ create }) => {
    await create().close();
  });

  suite.test("close: afterwards every method is CLOSED", async ({ harness, create }) => {
    const source = create();
    await expectWorks(source);
    await source.close();
    await failure(source.query("select 1"), "CLOSED");
    await failure(
      columnsOf(() => source.stream(harness.sql.numbers(1))),
      "CLOSED",
    );
    await failure(
      source.session(async (session) => expectWorks(session)),
      "CLOSED",
    );
    await failure(
      source.transaction(async (tx) => expectWorks(tx)),
      "CLOSED",
    );
    await failure(source.batch(["select 1"]), "CLOSED");
    await failure(source.introspect(), "CLOSED");
    await failure(source.check(), "CLOSED");
  });

  suite.test("close: what runs may finish in the grace period", async ({ harness, create }) => {
    const source = create();
    const mark = marker();
    const running = source.query(harness.sql.sleep(0.8, mark));
    await untilRunning(harness, mark);
    const closed = source.close();
    expect((await running).rows).toHaveLength(1);
    await closed;
  });

  suite.test("close: what runs longer is cancelled, on the server too", async ({ harness, create }) => {
    const source = create({ closeTimeoutMs: 200 });
    const mark = marker();
    const running = failure(source.query(harness.sql.sleep(30, mark)), "CLOSED", "CANCELLED");
    await untilRunning(harness, mark);
    const started = performance.now();
    await source.close();
    expect(performance.now() - started).toBeLessThan(3000);
    await running;
    await untilStopped(harness, mark);
  });

  suite.test("close: an idle stream does not hold it up for long", async ({ harness, create }) => {
    const source = create({ closeTimeoutMs: 200 });
    const iterator = source.stream(harness.sql.numbers(1_000_000))[Symbol.asyncIterator]();
    await iterator.next();
    const started = performance.now();
    await source.close();
    expect(performance.now() - started).toBeLessThan(3000);
    await failure(iterator.next(), "CLOSED");
  });

  suite.test("close: await using closes", async ({ harness }) => {
    const source = harness.create();
    {
      await using scoped = source;
      await expectWorks(scoped);
    }
    await failure(source.query("select 1"), "CLOSED");
  });
}
