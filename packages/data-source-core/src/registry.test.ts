import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeSource, fakeSource } from "../test/fake-source.ts";
import { createDataSourceRegistry, type RegistryOptions, type SourceDefinition } from "./registry.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A registry whose ids have secrets that the test can change, and every source that it made. */
function setUp(options: Partial<RegistryOptions> = {}) {
  const secrets = new Map<string, string>();
  const made: { id: string; source: FakeSource }[] = [];
  const load = vi.fn<RegistryOptions["load"]>((id): Promise<SourceDefinition> => {
    const create = (): FakeSource => {
      const source = fakeSource();
      made.push({ id, source });
      return source;
    };
    return Promise.resolve({ identity: { user: id, password: secrets.get(id) ?? "first" }, create });
  });
  return { registry: createDataSourceRegistry({ load, ...options }), secrets, made, load };
}

const fail = (message: string): never => {
  throw new Error(message);
};

const openIds = (made: readonly { id: string; source: FakeSource }[]): string[] =>
  made.filter(({ source }) => !source.isClosed).map(({ id }) => id);

describe("building", () => {
  test("concurrent gets of one id build it once, and all use the same source", async () => {
    const { registry, made, load } = setUp();
    const leases = await Promise.all(Array.from({ length: 50 }, () => registry.get("a")));
    expect(new Set(leases.map(({ source }) => source)).size).toBe(1);
    expect([made.length, load.mock.calls.length, registry.size]).toEqual([1, 1, 1]);
  });

  test("each of those who waited for a build holds a lease of its own", async () => {
    const { registry, made } = setUp({ idleMs: 1_000 });
    const [first, second] = await Promise.all([registry.get("a"), registry.get("a")]);
    first.release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(openIds(made)).toEqual(["a"]);
    second.release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(openIds(made)).toEqual([]);
  });

  test("two ids never share, even with the same identity", async () => {
    const create = (): FakeSource => fakeSource();
    const registry = createDataSourceRegistry({ load: () => Promise.resolve({ identity: { same: true }, create }) });
    using a = await registry.get("a");
    using b = await registry.get("b");
    expect(a.source).not.toBe(b.source);
  });

  test("a source that fails to build is not cached: the next get tries again", async () => {
    let fails = true;
    const load = (): Promise<SourceDefinition> =>
      fails
        ? Promise.reject(new Error("vault is sealed"))
        : Promise.resolve({ identity: {}, create: () => fakeSource() });
    const registry = createDataSourceRegistry({ load });
    await expect(registry.get("a")).rejects.toThrow("vault is sealed");
    expect(registry.size).toBe(0);
    fails = false;
    expect((await registry.get("a")).source.kind).toBe("fake");
  });

  test("a load that hangs frees its place after loadTimeoutMs, and a source that comes late is closed", async () => {
    const late = Promise.withResolvers<FakeSource>();
    const load = vi.fn<RegistryOptions["load"]>(() => Promise.resolve({ identity: {}, create: () => late.promise }));
    const registry = createDataSourceRegistry({ load, loadTimeoutMs: 1_000 });
    const failure = expect(registry.get("a")).rejects.toMatchObject({ code: "CONNECT_TIMEOUT", isRetryable: true });
    await vi.advanceTimersByTimeAsync(1_000);
    await failure;
    const source = fakeSource();
    late.resolve(source);
    await vi.advanceTimersByTimeAsync(0);
    expect(source.isClosed).toBe(true);
  });

  test("a source that comes late and is another's stays open", async () => {
    const source = fakeSource();
    const late = Promise.withResolvers<FakeSource>();
    const registry = createDataSourceRegistry({
      load: (id) => Promise.resolve({ identity: {}, create: () => (id === "late" ? late.promise : source) }),
      loadTimeoutMs: 1_000,
    });
    await registry.get("a");
    const failure = expect(registry.get("late")).rejects.toMatchObject({ code: "CONNECT_TIMEOUT" });
    await vi.advanceTimersByTimeAsync(1_000);
    late.resolve(source);
    await failure;
    expect(source.isClosed).toBe(false);
  });

  test.each<[string, () => unknown, object]>([
    ["load throws", () => fail("load"), { message: "load" }],
    ["load gives nothing, as for an unknown id", () => undefined, { code: "CONFIGURATION", field: "what load gives" }],
    ["there is no identity", () => ({ create: fakeSource }), { code: "CONFIGURATION", field: "identity" }],
    ["there is no create", () => ({ identity: {} }), { code: "CONFIGURATION", field: "create" }],
    ["create throws", () => ({ identity: {}, create: () => fail("create") }), { message: "create" }],
    [
      "create gives nothing",
      () => ({ identity: {}, create: () => undefined }),
      { code: "CONFIGURATION", field: "what create gives" },
    ],
  ])("when %s the get rejects, and the next one tries again", async (_name, load, error) => {
    const good = fakeSource();
    const answers = [load, () => ({ identity: {}, create: () => good })];
    const registry = createDataSourceRegistry({ load: () => answers.shift()?.() as never });
    await expect(registry.get("a")).rejects.toMatchObject(error);
    expect((await registry.get("a")).source).toBe(good);
  });

  test("a source that create has given before is refused: two ids would share it, or a closed one would come back", async () => {
    const source = fakeSource();
    const registry = createDataSourceRegistry({
      load: () => Promise.resolve({ identity: {}, create: () => source }),
      loadTimeoutMs: 1_000,
    });
    await registry.get("a");
    await expect(registry.get("b")).rejects.toMatchObject({ code: "CONFIGURATION", field: "create" });
    expect([source.isClosed, registry.size]).toEqual([false, 1]);
  });

  test("one caller's abort ends only its own wait", async () => {
    const started = Promise.withResolvers<void>();
    const load = async (): Promise<SourceDefinition> => {
      await started.promise;
      return { identity: {}, create: () => fakeSource() };
    };
    const registry = createDataSourceRegistry({ load });
    const controller = new AbortController();
    const aborted = registry.get("a", { signal: controller.signal });
    const other = registry.get("a");
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
    started.resolve();
    (await other).release();
    // The aborted caller left no lease behind.
    await vi.advanceTimersByTimeAsync(600_000);
    expect(registry.size).toBe(0);
  });

  test("an abort at the very moment the source is there leaves no lease behind", async () => {
    const controller = new AbortController();
    const source = fakeSource();
    const registry = createDataSourceRegistry({
      load: () => Promise.resolve({ identity: {}, create: () => source }),
      idleMs: 1_000,
    });
    const aborted = expect(registry.get("a", { signal: controller.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    const other = registry.use("a", () => Promise.resolve());
    while (registry.size === 0) await Promise.resolve();
    controller.abort();
    await Promise.all([aborted, other]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(source.isClosed).toBe(true);
  });
});

describe("rotation", () => {
  test("a rotated secret gives a new source; the old one closes when its last lease ends", async () => {
    const { registry, secrets, made } = setUp({ reloadMs: 1_000 });
    const old = await registry.get("a");
    secrets.set("a", "second");
    const second = await registry.get("a");
    expect(second.source).toBe(old.source);
    await vi.advanceTimersByTimeAsync(1_000);
    const renewed = await registry.get("a");
    expect(renewed.source).not.toBe(old.source);
    expect(made.map(({ source }) => source.isClosed)).toEqual([false, false]);
    old.release();
    expect(made.map(({ source }) => source.isClosed)).toEqual([false, false]);
    second.release();
    expect(made.map(({ source }) => source.isClosed)).toEqual([true, false]);
    expect(registry.size).toBe(1);
  });

  test("a rotated secret closes the old source at once when nobody uses it", async () => {
    const { registry, secrets, made } = setUp({ reloadMs: 1_000 });
    (await registry.get("a")).release();
    secrets.set("a", "second");
    await vi.advanceTimersByTimeAsync(1_000);
    await registry.get("a");
    expect(made.map(({ source }) => source.isClosed)).toEqual([true, false]);
  });

  test("a source that is found unchanged and must make room at the same moment is not handed out closed", async () => {
    for (let steps = 0; steps < 12; steps += 1) {
      const answers = new Map<string, PromiseWithResolvers<void>>();
      const registry = createDataSourceRegistry({
        load: async (id) => {
          await answers.get(id)?.promise;
          return { identity: {}, create: () => fakeSource() };
        },
        max: 2,
        reloadMs: 1_000,
      });
      (await registry.get("a")).release();
      await registry.get("b");
      await vi.advanceTimersByTimeAsync(1_000);
      answers.set("a", Promise.withResolvers()).set("c", Promise.withResolvers());
      const [a, c] = [registry.get("a"), registry.get("c")];
      answers.get("c")?.resolve();
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      answers.get("a")?.resolve();
      await c;
      expect([steps, ((await a).source as FakeSource).isClosed]).toEqual([steps, false]);
    }
  });

  test("an unchanged identity keeps the source through a reload", async () => {
    const { registry, made, load } = setUp({ reloadMs: 1_000 });
    (await registry.get("a")).release();
    await vi.advanceTimersByTimeAsync(1_000);
    (await registry.get("a")).release();
    expect([made.length, load.mock.calls.length]).toEqual([1, 2]);
  });

  test("an id that load no longer knows is refused", async () => {
    const { registry, load } = setUp({ reloadMs: 1_000 });
    (await registry.get("a")).release();
    load.mockRejectedValueOnce(new Error("no such tenant"));
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(registry.get("a")).rejects.toThrow("no such tenant");
  });
});

describe("eviction", () => {
  test("beyond max the least recently used idle source closes", async () => {
    const { registry, made } = setUp({ max: 2 });
    for (const id of ["a", "b", "a", "c"]) (await registry.get(id)).release();
    expect(openIds(made)).toEqual(["a", "c"]);
  });

  test("room is made when a source comes, not only when one is released", async () => {
    const { registry, made } = setUp({ max: 2 });
    for (const id of ["a", "b"]) (await registry.get(id)).release();
    await registry.get("c");
    expect(openIds(made)).toEqual(["b", "c"]);
  });

  test("a source in use is never closed to make room; it goes when it is released", async () => {
    const { registry, made } = setUp({ max: 1 });
    const a = await registry.get("a");
    const b = await registry.get("b");
    expect(openIds(made)).toEqual(["a", "b"]);
    const again = await registry.get("a");
    expect(again.source).toBe(a.source);
    again.release();
    a.release();
    expect(openIds(made)).toEqual(["b"]);
    b.release();
    expect(openIds(made)).toEqual(["b"]);
  });

  test("an idle source closes after idleMs; one in use does not", async () => {
    const { registry, made } = setUp({ idleMs: 1_000 });
    const used = await registry.get("used");
    (await registry.get("idle")).release();
    await vi.advanceTimersByTimeAsync(999);
    expect(openIds(made)).toEqual(["used", "idle"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(openIds(made)).toEqual(["used"]);
    used.release();
    used.release();
    await vi.advanceTimersByTimeAsync(999);
    // Taken up again in the last moment: it was not idle for that long.
    const again = await registry.get("used");
    await vi.advanceTimersByTimeAsync(1_000);
    expect([openIds(made), registry.size]).toEqual([["used"], 1]);
    again.release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(openIds(made)).toEqual([]);
  });

  test("a get that finds its source evicted meanwhile builds another", async () => {
    const { registry } = setUp({ max: 1 });
    const [a, b, c] = await Promise.all([registry.get("a"), registry.get("b"), registry.get("c")]);
    for (const lease of [a, b, c]) expect((lease.source as FakeSource).isClosed).toBe(false);
  });
});

describe("use", () => {
  test("gives the lease back when the work succeeds and when it fails", async () => {
    const { registry, made } = setUp({ idleMs: 1_000 });
    expect(await registry.use("a", () => Promise.resolve(42))).toBe(42);
    await expect(registry.use("a", () => Promise.reject(new Error("work failed")))).rejects.toThrow("work failed");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(openIds(made)).toEqual([]);
  });
});

describe("close", () => {
  test("waits for leases, refuses new ones, and closes everything once", async () => {
    const { registry, made } = setUp();
    const lease = await registry.get("used");
    (await registry.get("idle")).release();
    const closed = registry.close();
    expect(registry.close()).toBe(closed);
    await expect(registry.get("idle")).rejects.toMatchObject({ code: "CLOSED" });
    await vi.advanceTimersByTimeAsync(0);
    expect(openIds(made)).toEqual(["used"]);
    lease.release();
    await closed;
    expect(openIds(made)).toEqual([]);
  });

  test("closes what is still leased after closeTimeoutMs", async () => {
    const { registry, made } = setUp({ closeTimeoutMs: 1_000 });
    const lease = await registry.get("a");
    const closed = registry.close();
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
    expect(openIds(made)).toEqual([]);
    lease.release();
  });

  test.each([Infinity, 2 ** 31])("waits for a lease as long as a closeTimeoutMs of %s says", async (closeTimeoutMs) => {
    const { registry, made } = setUp({ closeTimeoutMs });
    const lease = await registry.get("a");
    const closed = registry.close();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(openIds(made)).toEqual(["a"]);
    lease.release();
    await closed;
    expect(openIds(made)).toEqual([]);
  });

  test("a source that does not close is given up after closeTimeoutMs, and reported", async () => {
    const failed: unknown[] = [];
    const registry = createDataSourceRegistry({
      load: () =>
        Promise.resolve({ identity: {}, create: () => fakeSource(undefined, { close: () => new Promise(() => {}) }) }),
      closeTimeoutMs: 1_000,
      onCloseError: (id, error) => failed.push([id, (error as Error).message]),
    });
    (await registry.get("a")).release();
    const closed = registry.close();
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
    expect(failed).toEqual([["a", "The data source did not close within 1000 ms"]]);
  });

  test("a source is closed once, also when its lease is released after the registry has given up waiting", async () => {
    const close = vi.fn<() => Promise<void>>(() => Promise.resolve());
    const registry = createDataSourceRegistry({
      load: () => Promise.resolve({ identity: {}, create: () => fakeSource(undefined, { close }) }),
      closeTimeoutMs: 1_000,
    });
    const lease = await registry.get("a");
    const closed = registry.close();
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
    lease.release();
    expect(close).toHaveBeenCalledTimes(1);
  });

  test("closes a source that comes at the very moment", async () => {
    for (let steps = 0; steps < 12; steps += 1) {
      const source = fakeSource();
      let isMade = false;
      const create = (): FakeSource => {
        isMade = true;
        return source;
      };
      const registry = createDataSourceRegistry({ load: () => Promise.resolve({ identity: {}, create }) });
      const got = registry.get("a").then(
        (lease) => lease.release(),
        () => {},
      );
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      const closed = registry.close();
      await got;
      await closed;
      expect([steps, registry.size]).toEqual([steps, 0]);
      expect([steps, source.isClosed]).toEqual([steps, isMade]);
    }
  });

  test("does not wait for a build that hangs", async () => {
    const registry = createDataSourceRegistry({ load: () => new Promise(() => {}) });
    const pending = expect(registry.get("a")).rejects.toMatchObject({ code: "CLOSED" });
    await registry.close();
    await pending;
  });

  test("a source that fails to close is reported, and does not stop the others", async () => {
    const failed: unknown[] = [];
    const close = (): Promise<void> => fail("stuck");
    const good = fakeSource();
    const registry = createDataSourceRegistry({
      load: (id) =>
        Promise.resolve({ identity: {}, create: () => (id === "bad" ? fakeSource(undefined, { close }) : good) }),
      onCloseError: (id, error) => failed.push([id, (error as Error).message]),
    });
    for (const id of ["bad", "good"]) (await registry.get(id)).release();
    await registry.close();
    expect([failed, good.isClosed]).toEqual([[["bad", "stuck"]], true]);
  });
});

test.each([
  [{ max: 0 }, "max"],
  [{ idleMs: -1 }, "idleMs"],
  [{ reloadMs: "60s" }, "reloadMs"],
  [{ load: "tenant" }, "load"],
  [{ maximum: 3 }, "maximum"],
])("wrong options %o are refused by name", (options, field) => {
  const create = (): unknown =>
    createDataSourceRegistry({ load: () => Promise.reject(new Error("unused")), ...options } as never);
  expect(create).toThrow(expect.objectContaining({ code: "CONFIGURATION", field }));
});

test("an empty id is refused", async () => {
  await expect(setUp().registry.get("")).rejects.toMatchObject({ code: "VALIDATION", field: "id" });
});
