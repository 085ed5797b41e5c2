import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPool, type Poolable } from "./pool.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Item extends Poolable {
  readonly id: number;
  isUsable: boolean;
  alive: boolean;
  closed: string | undefined;
}

function setup(own: Partial<Parameters<typeof createPool>[0]> = {}) {
  const opened: Item[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const open = async (): Promise<Item> => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    const item: Item = {
      id: opened.length + 1,
      isUsable: true,
      alive: true,
      closed: undefined,
      keepAlive: (active) => void (item.alive = active),
      close: (reason) => void (item.closed = reason),
    };
    opened.push(item);
    return item;
  };
  const settings = { max: 2, idleTimeoutMs: 1000, maxLifetimeMs: Infinity, acquireTimeoutMs: 500, ...own };
  return { pool: createPool(settings, open), opened, gates };
}

const forever = (): Deadline => createDeadline({ timeoutMs: Infinity });

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

test("the last one given back is used first, and keeps the process alive only while it is used", async () => {
  const { pool, gates } = setup();
  const both = [pool.acquire(forever()), pool.acquire(forever())];
  for (const gate of gates) gate.resolve();
  const [first, second] = (await Promise.all(both)) as [Item, Item];
  pool.release(first);
  pool.release(second);
  expect([first.alive, second.alive]).toEqual([false, false]);
  expect(await pool.acquire(forever())).toBe(second);
  expect(second.alive).toBe(true);
  expect(gates).toHaveLength(2);
});

test("never more than max: whoever waits gets the first that is free", async () => {
  const { pool, gates } = setup({ max: 1 });
  const [first, second, third] = [pool.acquire(forever()), pool.acquire(forever()), pool.acquire(forever())];
  gates[0]?.resolve();
  const item = await first;
  expect(gates).toHaveLength(1);
  pool.release(item);
  expect(await second).toBe(item);
  pool.release(item);
  expect(await third).toBe(item);
});

test("one that cannot be opened fails one who waits; the place is tried again for the next", async () => {
  const { pool, gates } = setup({ max: 1 });
  const first = pool.acquire(forever());
  const second = pool.acquire(forever());
  gates[0]?.reject(new Error("no server"));
  await expect(first).rejects.toThrow("no server");
  expect(gates).toHaveLength(2);
  gates[1]?.resolve();
  expect((await second).isUsable).toBe(true);
});

test("waiting for a place has its own limit, opening has not", async () => {
  const { pool, gates } = setup({ max: 1 });
  const opening = pool.acquire(forever());
  const waiting = pool.acquire(forever());
  const failure = expect(waiting).rejects.toMatchObject({ code: "ACQUIRE_TIMEOUT" });
  await vi.advanceTimersByTimeAsync(500);
  await failure;
  gates[0]?.resolve();
  expect((await opening).isUsable).toBe(true);
});

test("who gave up is passed over, and what was opened for them is kept for the next", async () => {
  const { pool, gates, opened } = setup({ max: 1 });
  const caller = new AbortController();
  using deadline = createDeadline({ timeoutMs: Infinity, signals: [caller.signal] });
  const waiting = pool.acquire(deadline);
  caller.abort();
  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
  gates[0]?.resolve();
  await settle();
  expect(opened[0]?.alive).toBe(false);
  expect(await pool.acquire(forever())).toBe(opened[0]);
});

test("a deadline that is over takes nothing", async () => {
  const { pool, gates } = setup();
  using deadline = createDeadline({ timeoutMs: Infinity, signals: [AbortSignal.abort()] });
  await expect(pool.acquire(deadline)).rejects.toMatchObject({ code: "CANCELLED" });
  expect(gates).toHaveLength(0);
});

test("an unused one is closed after idleTimeoutMs, a used one is not", async () => {
  const { pool, gates } = setup();
  const acquired = pool.acquire(forever());
  gates[0]?.resolve();
  const item = await acquired;
  pool.release(item);
  await vi.advanceTimersByTimeAsync(999);
  expect(await pool.acquire(forever())).toBe(item);
  await vi.advanceTimersByTimeAsync(5000);
  expect(item.closed).toBeUndefined();
  pool.release(item);
  await vi.advanceTimersByTimeAsync(1000);
  expect(item.closed).toContain("idleTimeoutMs");
});

test("one that is too old, unclean or broken is replaced", async () => {
  const { pool, gates } = setup({ max: 1, maxLifetimeMs: 10_000, idleTimeoutMs: Infinity });
  const take = async (): Promise<Item> => {
    const acquired = pool.acquire(forever());
    await settle();
    gates.at(-1)?.resolve();
    return acquired;
  };
  const old = await take();
  pool.release(old);
  await vi.advanceTimersByTimeAsync(10_000);
  const unclean = await take();
  expect([old.closed, unclean.id]).toEqual(["It has reached pool.maxLifetimeMs", 2]);
  unclean.isUsable = false;
  pool.release(unclean);
  expect(unclean.closed).toBe("It is not clean");
  const broken = await take();
  expect(broken.id).toBe(3);
  pool.release(broken);
  broken.isUsable = false;
  expect((await take()).id).toBe(4);
});

test("one that breaks while it is used frees its place for who waits", async () => {
  const { pool, gates } = setup({ max: 1 });
  const first = pool.acquire(forever());
  gates[0]?.resolve();
  const item = await first;
  const second = pool.acquire(forever());
  await settle();
  expect(gates).toHaveLength(1);
  pool.remove(item);
  gates[1]?.resolve();
  expect(await second).not.toBe(item);
});

test("close ends the unused at once, and the used when they come back", async () => {
  const { pool, gates } = setup();
  const both = [pool.acquire(forever()), pool.acquire(forever())];
  for (const gate of gates) gate.resolve();
  const [used, unused] = (await Promise.all(both)) as [Item, Item];
  pool.release(unused);
  pool.close();
  expect([used.closed, unused.closed]).toEqual([undefined, "The data source was closed"]);
  pool.release(used);
  expect(used.closed).toBe("The data source was closed");
});
