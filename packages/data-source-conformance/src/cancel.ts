import { expect } from "vitest";
import { expectWorks, failure, marker, untilRunning, untilStopped, type Suite } from "./suite.ts";

export function cancelCases(suite: Suite): void {
  suite.test("cancel: an abort stops the statement on the server", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const mark = marker();
    const caller = new AbortController();
    const reason = new Error("the user left");
    const running = failure(source.query(harness.sql.sleep(30, mark), { signal: caller.signal }), "CANCELLED");
    await untilRunning(harness, mark);
    caller.abort(reason);
    await untilStopped(harness, mark);
    expect((await running).cause).toBe(reason);
    await expectWorks(source);
  });

  suite.test("cancel: aborted before, nothing reaches the server", async ({ harness, create, needs }) => {
    const source = create();
    await expectWorks(source);
    const statements = needs(harness.observe.statements, "count of statements");
    const before = await statements();
    await failure(source.query("select 1", { signal: AbortSignal.abort() }), "CANCELLED");
    expect(await statements()).toBe(before);
  });

  suite.test("cancel: an abort just after the end leaves the next statement alone", async ({ create }) => {
    const source = create({ pool: { max: 1 } });
    for (let round = 0; round < 50; round += 1) {
      const caller = new AbortController();
      await source.query("select 1", { signal: caller.signal });
      caller.abort();
      await expectWorks(source);
    }
  });

  suite.test("cancel: an abort racing with the end hits only its own statement", async ({ create }) => {
    const source = create({ pool: { max: 1 } });
    await expectWorks(source);
    for (let round = 0; round < 40; round += 1) {
      const caller = new AbortController();
      const racing = source.query("select 1 as one", { signal: caller.signal }).then(
        () => "finished",
        (error: { code?: string }) => error.code,
      );
      setTimeout(() => caller.abort(), round % 5);
      const next = expectWorks(source);
      expect(["finished", "CANCELLED"]).toContain(await racing);
      await next;
    }
  });

  suite.test("cancel: an abort while waiting for a connection", async ({ harness, create, needs }) => {
    needs(harness.observe.openConnections, "connections to wait for");
    const source = create({ pool: { max: 1 } });
    const mark = marker();
    const first = source.query(harness.sql.sleep(1.5, mark));
    await untilRunning(harness, mark);
    const caller = new AbortController();
    const waiting = failure(source.query("select 1", { signal: caller.signal }), "CANCELLED");
    caller.abort();
    await waiting;
    expect((await first).rows).toHaveLength(1);
    await expectWorks(source);
  });

  suite.test("cancel: one leaves the others running", async ({ harness, create }) => {
    const source = create({ pool: { max: 4 } });
    const marks = [marker(), marker(), marker(), marker()];
    const callers = marks.map(() => new AbortController());
    const results = marks.map((mark, index) =>
      source.query(harness.sql.sleep(2, mark), { signal: callers[index]?.signal as AbortSignal }).then(
        () => "finished",
        (error: { code?: string }) => error.code,
      ),
    );
    for (const mark of marks) await untilRunning(harness, mark);
    callers[1]?.abort();
    callers[2]?.abort();
    expect(await Promise.all(results)).toEqual(["finished", "CANCELLED", "CANCELLED", "finished"]);
    await expectWorks(source);
  });
}
