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
const mapStore = (kept: Map<string, string>): CacheStore => ({
  get: (key) => Promise.resolve(kept.get(key)),
  set: (key, value) => Promise.resolve(kept.set(key, value)),
});
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
    ["row mode", { text: "select 1", params: [2], rowMode: "array" }, {}],
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

  test("differs for values that merely look alike", async () => {
    const text = sql.typed(null, "text");
    const scalars = [1, 1n, "1", true, "true", null, "null", Number.NaN, "NaN", -0, 0];
    const typed = [text, sql.typed(null, "integer"), { typed: [null, "text"] }, { value: null, type: "text" }];
    const lists = [["typed", null, "text"], [1], ["1"], [["plain", 1]], ["plain", 1], [text]];
    const others = [
      new Date(0),
      "1970-01-01T00:00:00.000Z",
      { $date: 0 },
      Buffer.from("a"),
      "YQ==",
      { $bytes: "YQ==" },
    ];
    const values = [...scalars, ...typed, ...lists, ...others, {}];
    const source = fakeSource();
    const cached = cacheDataSource(source, { store: new Keyv() });
    const requests = values.flatMap((value) => [
      { text: "select 1", params: [value] },
      { text: "select 1", params: { a: value } },
      sql`select ${value}`,
    ]);
    for (const request of requests) await cached.query(request, { cache });
    expect(source.calls.length).toBe(requests.length);
    for (const request of requests) await cached.query(request, { cache });
    expect(source.calls.length).toBe(requests.length);
  });

  test("cannot be made for values whose fields are not all that they are: such a query is not cached", async () => {
    const source = fakeSource();
    const store = spyStore();
    const cached = cacheDataSource(source, { store });
    for (const value of [new URL("http://a"), new Map([["a", 1]]), { at: new URL("http://a") }])
      await cached.query({ text: "select 1", params: [value as never] }, { cache });
    expect([source.calls.length, store.get.mock.calls]).toEqual([3, []]);
  });

  test("keeps principals apart, is short, and shows nothing of the query", async () => {
    const kept = new Map<string, string>();
    const answers = ["alice", "bob", "alice", "bob"].map(async (cacheIdentity) => {
      const source = fakeSource(() => resultOf([{ a: cacheIdentity }]), { cacheIdentity });
      const { rows } = await cacheDataSource(source, { store: mapStore(kept) }).query(
        { text: `select ${"x".repeat(1_000)}`, params: ["canary"] },
        { cache },
      );
      return rows;
    });
    expect(await Promise.all(answers)).toEqual([[{ a: "alice" }], [{ a: "bob" }], [{ a: "alice" }], [{ a: "bob" }]]);
    expect(kept.size).toBe(2);
    for (const key of kept.keys()) expect(key).toMatch(/^data-source:[\w-]{43}$/);
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
    const cached = cacheDataSource(source, { store: mapStore(new Map()) });
    await cached.query("select 1", { cache: { ttlMs: 60_000 } });
    vi.advanceTimersByTime(10_000);
    await cached.query("select 1", { cache: { ttlMs: 10_001 } });
    expect(source.calls.length).toBe(1);
    await cached.query("select 1", { cache: { ttlMs: 10_000 } });
    expect(source.calls.length).toBe(2);
  });

  test("an entry from the future, as after a clock was set back, is not used", async () => {
    const source = fakeSource();
    const cached = cacheDataSource(source, { store: mapStore(new Map()) });
    await cached.query("select 1", { cache });
    vi.setSystemTime(Date.now() - 1);
    await cached.query("select 1", { cache });
    expect(source.calls.length).toBe(2);
  });

  test.each([
    [{ ttlMs: 0 }, "cache.ttlMs"],
    [{ ttlMs: -1 }, "cache.ttlMs"],
    [{ ttlMs: Number.NaN }, "cache.ttlMs"],
    [{ ttlMs: Infinity }, "cache.ttlMs"],
    [{ ttlMs: "60000" }, "cache.ttlMs"],
    [{ ttl: 60_000 }, "cache.ttl"],
    [true, "cache"],
  ])("a cache option of %o is refused", async (given, field) => {
    const source = fakeSource();
    const cached = cacheDataSource(source, { store: new Keyv() });
    const query = cached.query("select 1", { cache: given as never });
    await expect(query).rejects.toMatchObject({ code: "VALIDATION", field });
    expect(source.calls).toEqual([]);
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

  test("a result with values that cannot be encoded is not, and each of those who ask at once gets its own", async () => {
    const source = fakeSource(() => resultOf([{ a: new URL("http://a") }]));
    const store = spyStore();
    const cached = cacheDataSource(source, { store });
    const results = await Promise.all([1, 2, 3].map(() => cached.query("select 1", { cache })));
    expect(new Set(results.map(({ rows: [row] }) => row)).size).toBe(3);
    expect([source.calls.length, store.set.mock.calls]).toEqual([3, []]);
  });

  test("what a call does not limit is limited by the cache's own options, which are part of the key", async () => {
    const source = fakeSource();
    const kept = new Map<string, string>();
    const limits = [{}, { maxRows: 5 }, { maxBytes: 5 }];
    for (const each of limits)
      await cacheDataSource(source, { store: mapStore(kept), ...each }).query("select 1", { cache });
    expect(source.calls.map(([, options]) => options)).toMatchObject([
      { maxRows: 10_000, maxBytes: Infinity },
      { maxRows: 5, maxBytes: Infinity },
      { maxRows: 10_000, maxBytes: 5 },
    ]);
    expect(kept.size).toBe(3);
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

  test.each([{ statementTimeoutMs: 5 }, { queryTags: { team: "a" } }, { cache: { ttlMs: 1 } }])(
    "queries that differ in %o run by themselves",
    async (more) => {
      const source = fakeSource();
      const cached = cacheDataSource(source, { store: new Keyv() });
      await Promise.all([{ cache }, { cache, ...more }].map((options) => cached.query("select 1", options)));
      expect(source.calls.length).toBe(2);
    },
  );

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

describe("the store", () => {
  const failing = (message: string) => (): never => {
    throw new Error(message);
  };
  const hanging = (): Promise<never> => new Promise(() => {});
  const tooSlow = "The cache's store did not answer within 20 ms";
  test.each<[string, CacheStore, string[]]>([
    [
      "rejects",
      { get: () => Promise.reject(new Error("get")), set: () => Promise.reject(new Error("set")) },
      ["get", "set"],
    ],
    ["throws", { get: failing("get"), set: failing("set") }, ["get", "set"]],
    ["hangs", { get: hanging, set: hanging }, [tooSlow, tooSlow]],
  ])("that %s costs the caching, not the query", async (_name, store, expected) => {
    const failures: string[] = [];
    const onStoreError = (error: unknown): void => {
      failures.push((error as Error).message);
      throw new Error("the listener's own");
    };
    const source = fakeSource(() => resultOf(rows));
    const cached = cacheDataSource(source, { store, storeTimeoutMs: 20, onStoreError });
    expect((await cached.query("select 1", { cache })).rows).toEqual(rows);
    expect(failures).toEqual(expected);
  });

  test.each(["{oops", "null", "5", '{"atMs":1}', 7, { rows: [] }, "ROWS", "COLUMNS"])(
    "that holds %o, which is no entry, is a miss",
    async (held) => {
      const atMs = Date.now();
      const texts: Record<string, string> = {
        ROWS: JSON.stringify({ atMs, result: { columns: [], rows: 5 } }),
        COLUMNS: JSON.stringify({ atMs, result: { rows: [] } }),
      };
      const get = (): Promise<unknown> => Promise.resolve(texts[held as string] ?? held);
      const source = fakeSource(() => resultOf(rows));
      const cached = cacheDataSource(source, { store: { get, set: () => Promise.resolve() } });
      expect((await cached.query("select 1", { cache })).rows).toBe(rows);
    },
  );

  test("may answer without promises", async () => {
    const source = fakeSource(() => resultOf(rows));
    const cached = cacheDataSource(source, { store: new Map() as never });
    await cached.query("select 1", { cache });
    expect((await cached.query("select 1", { cache })).rows).toStrictEqual(rows);
    expect(source.calls.length).toBe(1);
  });

  test("does not hold an aborted caller, however slow it is", async () => {
    const source = fakeSource();
    const cached = cacheDataSource(source, { store: { get: hanging, set: hanging }, storeTimeoutMs: Infinity });
    const controller = new AbortController();
    const query = expect(cached.query("select 1", { cache, signal: controller.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    controller.abort();
    await query;
  });
});

test.each([
  [{ store: {} }, "store.get"],
  [{ store: { get: () => 1 } }, "store.set"],
  [{ maxEntryBytes: 0 }, "maxEntryBytes"],
  [{ maxRows: 0 }, "maxRows"],
  [{ maxBytes: 0.5 }, "maxBytes"],
  [{ storeTimeoutMs: 0 }, "storeTimeoutMs"],
  [{ ttlMs: 1 }, "ttlMs"],
])("wrong options %o are refused by name", (options, field) => {
  expect(() => cacheDataSource(fakeSource(), { store: new Keyv(), ...options } as never)).toThrow(
    expect.objectContaining({ code: "CONFIGURATION", field }),
  );
});

test("everything but query is the source's own", async () => {
  const source = fakeSource();
  const cached = cacheDataSource(source, { store: new Keyv() });
  expect([cached.kind, cached.access]).toEqual(["fake", "read-write"]);
  await cached.close();
  expect(source.isClosed).toBe(true);
});
