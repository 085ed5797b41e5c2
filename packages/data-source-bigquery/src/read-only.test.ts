import { createDeadline } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import type { Connection } from "./connection.ts";
import type { Statement } from "./job.ts";
import { createGate, requireRead } from "./read-only.ts";

const statement: Statement = {
  text: "select 1",
  parameters: [],
  parameterMode: "POSITIONAL",
  location: undefined,
  labels: undefined,
  maximumBytesBilled: 1n,
  dataset: undefined,
};

/** A server that says SELECT, and counts how often it was asked. */
function setup(): {
  gate: ReturnType<typeof createGate>;
  clock: { now: number; project: string };
  asked: () => number;
} {
  const clock = { now: 0, project: "p" };
  let asked = 0;
  const connection: Connection = {
    projectId: async () => clock.project,
    call: async <T>() => {
      asked += 1;
      const query = { statementType: "SELECT", totalBytesProcessed: String(asked) };
      return { jobReference: { location: "EU" }, statistics: { query } } as T;
    },
  };
  return {
    gate: createGate(connection, { span: () => ({ end: () => undefined }) }, () => clock.now),
    clock,
    asked: () => asked,
  };
}

const forever = createDeadline({ timeoutMs: Infinity });

test("a verdict holds for ten minutes", async () => {
  const { gate, clock, asked } = setup();
  expect(await gate.verdict(statement, [], forever)).toEqual({ statementType: "SELECT", location: "EU", types: [] });
  clock.now = 10 * 60_000 - 1;
  await gate.verdict(statement, [], forever);
  expect(asked()).toBe(1);
  clock.now += 1;
  await gate.verdict(statement, [], forever);
  expect(asked()).toBe(2);
});

test.each([
  ["text", { text: "select 2" }, []],
  ["location", { location: "EU" }, []],
  ["default dataset", { dataset: { datasetId: "d" } }, []],
  ["parameter types", {}, ["a INT64"]],
  ["kind of placeholders", { parameterMode: "NAMED" }, []],
] as const)("another %s is another verdict", async (_what, change, signature) => {
  const { gate, asked } = setup();
  await gate.verdict(statement, [], forever);
  await gate.verdict({ ...statement, ...change }, signature, forever);
  expect(asked()).toBe(2);
});

test("another project is another verdict", async () => {
  const { gate, clock, asked } = setup();
  await gate.verdict(statement, [], forever);
  clock.project = "q";
  await gate.verdict(statement, [], forever);
  expect(asked()).toBe(2);
});

test("at most a thousand are remembered, the oldest goes first", async () => {
  const { gate, asked } = setup();
  for (let index = 0; index < 1001; index += 1) {
    await gate.verdict({ ...statement, text: `select ${index}` }, [], forever);
  }
  await gate.verdict({ ...statement, text: "select 1" }, [], forever);
  expect(asked()).toBe(1001);
  await gate.verdict({ ...statement, text: "select 0" }, [], forever);
  expect(asked()).toBe(1002);
});

test("bytes are asked for each time", async () => {
  const { gate } = setup();
  expect((await gate.dryRun(statement, forever)).bytesProcessed).toBe(1n);
  expect((await gate.dryRun(statement, forever)).bytesProcessed).toBe(2n);
});

test.each(["SCRIPT", "INSERT", "CALL", "EXPORT_DATA", "CREATE_TABLE_AS_SELECT", "", "select", undefined])(
  "%j is no read",
  (statementType) => {
    const work = (): void => requireRead({ statementType, location: undefined, types: [] });
    expect(work).toThrow(expect.objectContaining({ code: "READ_ONLY" }));
  },
);
