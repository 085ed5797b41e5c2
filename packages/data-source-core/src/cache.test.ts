import { Keyv } from "keyv";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fakeSource, resultOf } from "../test/fake-source.ts";
import { cacheDataSource, type CacheStore } from "./cache.ts";
import { DataSourceError } from "./errors.ts";
import { sql } from "./sql.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const spyStore = () => ({ get: vi.fn<CacheStore["get"]>(), set: vi.fn<CacheStore["set"]>() });
const cache = { ttlMs: 60_000 };
const rows = [{ a: 9_007_199_254_740_993n, b: Buffer.from([1]), c: undefined }];

test("the second query is answered from the store, values unchanged, and says so", async () => {
  const source = fakeSource(() => resultOf(rows));
  const cached = cacheDataSource(source, { store: new Keyv() });
  const first = await cached.query("select a", { cache });
  const second = await cached.query("select a", { cache });
  expect(source.calls.length).toBe(1);
  expect(second.rows).toStrictEqual(rows);
  expect(second.columns).toStrictEqual(first.columns);
  expect([first.usage, second.usage?.cacheHit, second.queryId]).toEqual([undefined, true, "q-1"]);
});

test("without the option nothing is cached", async () => {
  const source = fakeSource();
  const store = spyStore();
  const cached = cacheDataSource(source, { store });
  await cached.query("select a");
  await cached.query("select a");
  expect([source.calls.length, store.get.mock.calls.length, store.set.mock.calls.length]).toEqual([2, 0, 0]);
});

test("a write passes by the cache", async () => {
  const source = fakeSource();
  const store = spyStore();
  await cacheDataSource(source, { store }).query("delete from t", { cache, readOnly: false });
  expect([source.calls, store.get.mock.calls, store.set.mock.calls]).toEqual([
    [["delete from t", { readOnly: false }]],
    [],
    [],
  ]);
});

describe("the key", () => {
  test.each([
    ["text", "select 2", {}],
    ["values", { text: "select 1", params: [1] }, {}],
    ["a value's type", { text: "select 1", params: ["1"] }, {}],
    ["a bigint value", { text: "select 1", params: [1n] }, {}],
    ["row mode", { text: "select 1", rowMode: "array" }, {}],
    ["a fragment's values", sql`select ${1}`, {}],
    ["a fragment's typed values", sql`select ${sql.typed(1, "text")}`, {}],
    ["row limit", "select 1", { maxRows: 5 }],
    ["byte limit", "select 1", { maxBytes: 5 }],
  ] as const)("differs by %s", async (_name, request, options) => {
    const source = fakeSource();
    const cached = cacheDataSource(source, { store: new Keyv() });
    for (const each of ["select 1", { text: "select 1", params: [2] }, sql`select ${2}`])
      await cached.query(each, { cache });
    await cached.query(request, { ...options, cache });
    expect(source.calls.length).toBe(4);
  });

  test("differs by principal, and holds no secret", async () => {
    const keys: string[] = [];
    const store: CacheStore = {
      get: (key) => {
        keys.push(key);
        return Promise.resolve(undefined);
      },
      set: () => Promise.resolve(),
    };
    for (const cacheIdentity of ["alice", "bob"])
      await cacheDataSource(fakeSource(undefined, { cacheIdentity }), { store }).query("select 1", { cache });
    expect(new Set(keys).size).toBe(2);
  });

  test("a source that cannot say who it acts as is refused", async () => {
    const source = fakeSource(undefined, { cacheIdentity: undefined });
    const cached = cacheDataSource(source, { store: new Keyv() });
    await expect(cached.query("select 1", { cache })).rejects.toMatchObject({
      code: "CONFIGURATION",
      field: "cacheIdentity",
    });
    expect(source.calls).toEqual([]);
  });
});

describe("age", () => {
  test("an entry is used up to the caller's own ttl, whatever the store keeps", async () => {
    const source = fakeSource();
    const store = new Map<string, string>();
    const forever: CacheStore = {
      get: (key) => Promise.resolve(store.get(key)),
      set: (key, value) => Promise.resolve(store.set(key, value)),
    };
    const cached = cacheDataSource(source, { store: forever });
    await cached.query("select 1", { cache: { ttlMs: 60_000 } });
    vi.advanceTimersByTime(10_000);
    await cached.query("select 1", { cache: { ttlMs: 10_001 } });
    expect(source.calls.length).toBe(1);
    await cached.query("select 1", { cache: { ttlMs: 10_000 } });
    expect(source.calls.length).toBe(2);
  });

  test.each([0, -1, Number.NaN])("a ttl of %s is refused", async (ttlMs) => {
    const cached = cacheDataSource(fakeSource(), { store: new Keyv() });
    await expect(cached.query("select 1", { cache: { ttlMs } })).rejects.toMatchObject({ field: "cache.ttlMs" });
  });
});

describe("what is kept", () => {
  test("errors are not", async () => {
    let fails = true;
    const source = fakeSource(() => {
      if (fails) throw new DataSourceError({ code: "CONNECTION", message: "down" });
      return resultOf([]);
    });
    const cached = cacheDataSource(source, { store: new Keyv() });
    await expect(cached.query("select 1", { cache })).rejects.toMatchObject({ code: "CONNECTION" });
    fails = false;
    await cached.query("select 1", { cache });
    expect(source.calls.length).toBe(2);
  });

  test("a cut result stays marked", async () => {
    const cached = cacheDataSource(
      fakeSource(() => ({ ...resultOf(rows), truncated: true })),
      { store: new Keyv() },
    );
    await cached.query("select 1", { cache });
    expect(await cached.query("select 1", { cache })).toMatchObject({ truncated: true, usage: { cacheHit: true } });
  });

  test("an entry above maxEntryBytes is not", async () => {
    const source = fakeSource(() => resultOf([{ a: "x".repeat(1_000) }]));
    const cached = cacheDataSource(source, { store: new Keyv(), maxEntryBytes: 1_000 });
    await cached.query("select 1", { cache });
    await cached.query("select 1", { cache });
    expect(source.calls.length).toBe(2);
  });

  test("rows are validated for each caller, and kept as the source gave them", async () => {
    const source = fakeSource(() => resultOf([{ a: 1n }]));
    const cached = cacheDataSource(source, { store: new Keyv() });
    const validate = (value: unknown) => ({ value: Number((value as { a: bigint }).a) });
    const rowSchema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    expect((await cached.query("select 1", { cache, rowSchema })).rows).toEqual([1]);
    expect((await cached.query("select 1", { cache })).rows).toEqual([{ a: 1n }]);
    expect(source.calls.length).toBe(1);
  });
});

describe("at the same time", () => {
  test("equal queries run once, and each caller may change its rows", async () => {
    const source = fakeSource(() => resultOf([{ a: 1n }]));
    const cached = cacheDataSource(source, { store: new Keyv() });
    const results = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const result = await cached.query<{ a: bigint }>("select 1", { cache });
        const seen = result.rows[0]?.a;
        result.rows[0] = { a: BigInt(i) };
        return seen;
      }),
    );
    expect([source.calls.length, new Set(results)]).toEqual([1, new Set([1n])]);
  });

  test("one caller's abort leaves the others; the last one's stops the query", async () => {
    const running = Promise.withResolvers<AbortSignal>();
    const source = fakeSource(async (_request, options) => {
      const { signal } = options as { signal: AbortSignal };
      running.resolve(signal);
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    });
    const cached = cacheDataSource(source, { store: new Keyv() });
    const [first, second] = [new AbortController(), new AbortController()];
    const queries = [first, second].map(({ signal }) => cached.query("select 1", { cache, signal }));
    const failures = queries.map((query) => expect(query).rejects.toMatchObject({ code: "CANCELLED" }));
    const signal = await running.promise;
    first.abort();
    await failures[0];
    expect(signal.aborted).toBe(false);
    second.abort();
    await failures[1];
    expect(signal.aborted).toBe(true);
  });

  test("a query that begins while an aborted one still ends starts afresh", async () => {
    const source = fakeSource((_request, options) =>
      source.calls.length === 1 ? new Promise(() => options) : resultOf([]),
    );
    const cached = cacheDataSource(source, { store: new Keyv() });
    const controller = new AbortController();
    const aborted = cached.query("select 1", { cache, signal: controller.signal });
    await vi.waitFor(() => expect(source.calls.length).toBe(1));
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await cached.query("select 1", { cache })).rows).toEqual([]);
  });
});

test("a store that fails costs the caching, not the query", async () => {
  const failures: string[] = [];
  const store = {
    get: () => Promise.reject(new Error("get failed")),
    set: () => Promise.reject(new Error("set failed")),
  };
  const cached = cacheDataSource(
    fakeSource(() => resultOf(rows)),
    { store, onStoreError: (error) => failures.push((error as Error).message) },
  );
  expect((await cached.query("select 1", { cache })).rows).toEqual(rows);
  expect(failures).toEqual(["get failed", "set failed"]);
});

test("an entry that is no entry is a miss", async () => {
  const source = fakeSource();
  const cached = cacheDataSource(source, {
    store: { get: () => Promise.resolve("{oops"), set: () => Promise.resolve() },
  });
  await cached.query("select 1", { cache });
  expect(source.calls.length).toBe(1);
});

test("everything but query is the source's own", async () => {
  const source = fakeSource();
  const cached = cacheDataSource(source, { store: new Keyv() });
  expect([cached.kind, cached.access]).toEqual(["fake", "read-write"]);
  await cached.close();
  expect(source.isClosed).toBe(true);
});
