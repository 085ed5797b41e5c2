import { createDeadline } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import type { Connection } from "./connection.ts";
import type { Outcome, Step } from "./exchange.ts";
import { createTurns } from "./turns.ts";

/** A connection whose exchanges end when the test says so. */
function fakeConnection() {
  const running: { text: string | undefined; end: () => void }[] = [];
  const settled: string[] = [];
  const connection = {
    parameters: new Map(),
    flavour: "postgres",
    takeNotices: () => [],
    taint: () => undefined,
    run: (steps: readonly Step[]) =>
      new Promise<Outcome>((resolve) => {
        running.push({ text: steps[0]?.text, end: () => resolve({} as Outcome) });
      }),
    settle: () => void settled.push("settled"),
  } satisfies Connection;
  return { connection, running, settled };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("statements of a transaction take turns by the exchange", async () => {
  const { connection, running } = fakeConnection();
  const turns = createTurns(connection, "transaction");
  using deadline = createDeadline({ timeoutMs: 60_000 });
  const all = ["a", "b"].map((text) => turns.shared.connection.run([{ text }], deadline));
  await turn();
  expect(running.map(({ text }) => text)).toEqual(["a"]);
  running[0]?.end();
  await all[0];
  await turn();
  expect(running.map(({ text }) => text)).toEqual(["a", "b"]);
  running[1]?.end();
  await all[1];
});

test("in a session a statement holds the connection up to its end, which settles it", async () => {
  const { connection, settled } = fakeConnection();
  const turns = createTurns(connection, "session");
  using deadline = createDeadline({ timeoutMs: 60_000 });
  const first = await turns.lease(deadline);
  let second: unknown;
  const waiting = turns.lease(deadline).then((lease) => (second = lease));
  await turn();
  expect([second, settled]).toEqual([undefined, []]);
  await first.end();
  expect(await waiting).toBe(second);
  expect(settled).toEqual(["settled"]);
});

test("whoever waits gives up at its own deadline, and holds up nobody behind it", async () => {
  const turns = createTurns(fakeConnection().connection, "session");
  using deadline = createDeadline({ timeoutMs: 60_000 });
  const caller = new AbortController();
  using aborted = createDeadline({ timeoutMs: 60_000, signals: [caller.signal] });
  const first = await turns.lease(deadline);
  const second = turns.lease(aborted);
  const third = turns.lease(deadline);
  caller.abort();
  await expect(second).rejects.toMatchObject({ code: "CANCELLED" });
  await first.end();
  await (await third).end();
});

test("its end waits for what runs, and refuses what comes later", async () => {
  const { connection, running } = fakeConnection();
  const turns = createTurns(connection, "transaction");
  using deadline = createDeadline({ timeoutMs: 60_000 });
  const work = turns.shared.connection.run([{ text: "a" }], deadline);
  await turn();
  let ended = false;
  const end = turns.end().then(() => (ended = true));
  await turn();
  expect([ended, turns.signal.aborted]).toEqual([false, true]);
  running[0]?.end();
  await Promise.all([work, end]);
  await expect(turns.shared.connection.run([{ text: "b" }], deadline)).rejects.toMatchObject({ code: "CLOSED" });
  expect(running).toHaveLength(1);
});
