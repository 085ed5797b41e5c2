import { createDataSource } from "@org/data-source";
import type { DataSource } from "@org/data-source-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dialects, type Engine, type EngineName } from "./engines/engine.ts";
import { startEngine } from "./engines/start.ts";

const atomic: Readonly<Record<EngineName, boolean>> = { postgres: true, mysql: true, snowflake: true, bigquery: false };

describe.each(Object.entries(atomic) as [EngineName, boolean][])("batch on %s (atomic: %s)", (name, isAtomic) => {
  const { createTable, insert, tags, numbers } = dialects[name];
  let engine: Engine;
  let source: DataSource;
  beforeAll(async () => {
    engine = await startEngine[name]();
    source = await createDataSource({ ...engine.config, access: "read-write" });
    await source.query(createTable("batch_log"), { readOnly: false });
  });
  afterAll(async () => {
    await source.close();
    await engine[Symbol.asyncDispose]();
  });
  const kept = async (prefix: string): Promise<unknown[]> =>
    (await source.query<{ tag: string }>(tags("batch_log"))).rows
      .map(({ tag }) => tag)
      .filter((tag) => tag.startsWith(prefix))
      .sort();

  test("says in its capabilities what it does", () => {
    expect(source.capabilities.atomicBatch).toBe(isAtomic);
  });

  test("gives one result for each statement, in order", async () => {
    const results = await source.batch([numbers(2, "first"), numbers(1, "second")]);
    expect(results.map(({ rows }) => rows)).toEqual([
      [
        { n: 1n, tag: "first" },
        { n: 2n, tag: "first" },
      ],
      [{ n: 1n, tag: "second" }],
    ]);
    expect(await source.batch([])).toEqual([]);
  });

  test("keeps all writes of a batch that succeeds", async () => {
    const results = await source.batch([insert("batch_log", "good_1"), insert("batch_log", "good_2")], {
      readOnly: false,
    });
    expect(results.map(({ rowsAffected }) => rowsAffected)).toEqual([1, 1]);
    expect(await kept("good")).toEqual(["good_1", "good_2"]);
  });

  test("keeps none of a batch that fails where it is atomic, and those before the failure where it is not", async () => {
    const requests = [insert("batch_log", "bad_1"), insert("no_such_table", "bad_2"), insert("batch_log", "bad_3")];
    await expect(source.batch(requests, { readOnly: false })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await kept("bad")).toEqual(isAtomic ? [] : ["bad_1"]);
  });

  test("runs nothing of a read-only batch that writes", async () => {
    const refused = source.batch([insert("batch_log", "refused_1"), insert("batch_log", "refused_2")]);
    await expect(refused).rejects.toMatchObject({ code: "READ_ONLY" });
    expect(await kept("refused")).toEqual([]);
  });
});
