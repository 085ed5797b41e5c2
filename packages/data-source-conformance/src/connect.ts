import { ConfigurationError, type DataSourceEvent } from "@org/data-source-core";
import { expect } from "vitest";
import { eventually, expectWorks, failure, marker, pause, untilNoneOpen, type Suite } from "./suite.ts";

export function connectCases(suite: Suite): void {
  suite.test("connect: a new data source connects when first used", async ({ harness, create, needs }) => {
    const openConnections = needs(harness.observe.openConnections, "connections");
    await untilNoneOpen(openConnections);
    const source = create();
    expect(source.kind).toBe(harness.kind);
    expect(source.access).toBe("read-only");
    expect(await openConnections()).toBe(0);
    await expectWorks(source);
  });

  suite.test("connect: a refused password is AUTHENTICATION", async ({ harness, track }) => {
    const source = track(harness.createWithWrongPassword("wrong-canary-7345"));
    const error = await failure(source.query("select 1"), "AUTHENTICATION");
    expect(error.kind).toBe(harness.kind);
    expect(error.isRetryable).toBe(false);
    expect(error.message).not.toContain("wrong-canary");
  });

  suite.test("connect: nobody listening is CONNECTION", async ({ harness, track }) => {
    const source = track(harness.createUnreachable());
    const error = await failure(source.query("select 1"), "CONNECTION", "CONNECT_TIMEOUT");
    expect(error.isRetryable).toBe(true);
  });

  suite.test("connect: never more connections than pool.max", async ({ harness, create, needs }) => {
    const openConnections = needs(harness.observe.openConnections, "connections");
    await untilNoneOpen(openConnections);
    const source = create({ pool: { max: 2 } });
    const work = Promise.all(
      Array.from({ length: 6 }, (_, index) => source.query(harness.sql.sleep(0.2, `pool_${index}`))),
    );
    await eventually(openConnections, (open) => open === 2, 5000, "two connections");
    const end = new AbortController();
    const watch = (async () => {
      let most = 0;
      while (!end.signal.aborted) most = Math.max(most, await openConnections());
      return most;
    })();
    await work;
    end.abort();
    expect(await watch).toBe(2);
  });

  suite.test(
    "connect: after the server cut idle connections the next query works",
    async ({ harness, create, needs }) => {
      const dropConnections = needs(harness.observe.dropConnections, "way to cut connections");
      const events: DataSourceEvent[] = [];
      const source = create({ pool: { max: 2 }, onEvent: (event) => events.push(event) });
      await Promise.all([expectWorks(source), expectWorks(source)]);
      await dropConnections();
      await expectWorks(source);
      expect(events.map((event) => event.type)).toContain("connection-closed");
    },
  );

  suite.test(
    "connect: a connection cut in the middle of a statement is an error, and the next works",
    async (tools) => {
      const { harness, create, needs } = tools;
      const dropConnections = needs(harness.observe.dropConnections, "way to cut connections");
      const source = create({ pool: { max: 1 } });
      const mark = marker();
      const running = failure(source.query(harness.sql.sleep(20, mark), { readOnly: true }));
      await eventually(
        () => harness.observe.activeStatements(mark),
        (count) => count === 1,
        15_000,
        "running",
      );
      // A read may be run once more on a new connection: that one is cut too, whenever it comes.
      const over = new AbortController();
      const ended = running.finally(() => over.abort());
      while (!over.signal.aborted) {
        await dropConnections();
        await pause(20);
      }
      const error = await ended;
      expect(["CONNECTION", "SESSION_LOST"]).toContain(error.code);
      await expectWorks(source);
    },
  );

  suite.test("connect: a wrong option is a ConfigurationError that names the field", async ({ harness }) => {
    expect(() => harness.create({ pool: { max: 0 } })).toThrow(expect.objectContaining({ field: "pool.max" }));
    expect(() => harness.create({ acces: "read-write" } as never)).toThrow(ConfigurationError);
  });
}
