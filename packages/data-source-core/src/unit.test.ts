import { describe, expect, test } from "vitest";
import type { ResolvedUnitOptions } from "./call-options.ts";
import { createDeadline } from "./deadline.ts";
import { DataSourceError, type ErrorCode, SessionLostError } from "./errors.ts";
import type { DataSourceEvent } from "./events.ts";
import { createTurnQueue, runUnit, sessionLost } from "./unit.ts";

const endless = createDeadline({ timeoutMs: Infinity });

describe("createTurnQueue", () => {
  test("gives turns one after the other, in order", async () => {
    const { take } = createTurnQueue("postgres", "session");
    const done = await take(endless);
    const order: string[] = [];
    const second = take(endless).then((free) => {
      order.push("second");
      return free();
    });
    const third = take(endless).then(() => order.push("third"));
    order.push("first");
    done();
    await Promise.all([second, third]);
    expect(order).toEqual(["first", "second", "third"]);
  });

  test("whoever gives up leaves its turn to the next, which still waits for the one before", async () => {
    const { take } = createTurnQueue("postgres", "session");
    const done = await take(endless);
    const caller = new AbortController();
    const quitter = take(createDeadline({ timeoutMs: Infinity, signals: [caller.signal] }));
    let isNext = false;
    const next = take(endless).then(() => (isNext = true));
    caller.abort();
    await expect(quitter).rejects.toMatchObject({ code: "CANCELLED" });
    expect(isNext).toBe(false);
    done();
    await next;
  });

  test("ends when the last is done, and refuses all after", async () => {
    const { signal, take, end } = createTurnQueue("mysql", "transaction");
    const done = await take(endless);
    let isOver = false;
    const ending = end().then(() => (isOver = true));
    const over = { code: "CLOSED", kind: "mysql", message: "The transaction is over" };
    await expect(take(endless)).rejects.toMatchObject(over);
    expect([signal.reason, isOver]).toMatchObject([over, false]);
    done();
    await ending;
    await end();
  });
});

describe("sessionLost", () => {
  test("names what a broken connection takes with it", () => {
    const cause = new DataSourceError({ code: "CONNECTION", kind: "mysql", message: "gone" });
    const error = sessionLost(cause, ["settings"]);
    expect(error).toBeInstanceOf(SessionLostError);
    expect(error).toMatchObject({ code: "SESSION_LOST", kind: "mysql", message: "gone", lost: ["settings"], cause });
  });

  test("leaves every other error as it is", () => {
    const error = new DataSourceError({ code: "CONFLICT", message: "deadlock" });
    expect(sessionLost(error, [])).toBe(error);
  });
});

describe("runUnit", () => {
  const conflict = new DataSourceError({ code: "CONFLICT", message: "deadlock" });
  const lost = new SessionLostError({ message: "gone", lost: [] });
  const run = async (
    failures: readonly Error[],
    options: Partial<ResolvedUnitOptions>,
  ): Promise<[outcome: unknown, attempts: number, events: DataSourceEvent[]]> => {
    const events: DataSourceEvent[] = [];
    let attempts = 0;
    const work = async (): Promise<string> => {
      const failure = failures[attempts];
      attempts += 1;
      if (failure) throw failure;
      return "done";
    };
    const all = { maxAttempts: 1, replay: "never", ...options } as ResolvedUnitOptions;
    const outcome: unknown = await runUnit(all, (event) => events.push(event), work).catch((error: unknown) => error);
    return [outcome, attempts, events];
  };
  const retry = (attempt: number, reason: string): DataSourceEvent => ({ type: "retry", attempt, reason });

  test.each<[what: string, failures: Error[], options: Partial<ResolvedUnitOptions>, result: unknown[]]>([
    ["once by default", [conflict], {}, [conflict, 1, []]],
    ["not again after a lost session by default", [lost], { maxAttempts: 9 }, [lost, 1, []]],
    ["again after a conflict", [conflict], { maxAttempts: 2 }, ["done", 2, [retry(2, "conflict")]]],
    ["as often as it may", [conflict, conflict], { maxAttempts: 2 }, [conflict, 2, [retry(2, "conflict")]]],
    ["again after a lost session", [lost], { replay: "whole" }, ["done", 2, [retry(2, "session lost")]]],
    ["only once after a lost session", [lost, lost], { replay: "whole" }, [lost, 2, [retry(2, "session lost")]]],
    [
      "after both",
      [lost, conflict],
      { replay: "whole", maxAttempts: 3 },
      ["done", 3, [retry(2, "session lost"), retry(3, "conflict")]],
    ],
    [
      "never after another error",
      [new RangeError("x")],
      { replay: "whole", maxAttempts: 3 },
      [new RangeError("x"), 1, []],
    ],
  ])("%s", async (_what, failures, options, result) => {
    expect(await run(failures, options)).toEqual(result);
  });

  test.each<ErrorCode>(["CONNECTION", "OUTCOME_UNKNOWN", "CANCELLED"])("%s is no reason to run again", async (code) => {
    const error = new DataSourceError({ code, message: "x" });
    expect(await run([error], { replay: "whole", maxAttempts: 3 })).toEqual([error, 1, []]);
  });
});
