import { createDataSource } from "@org/data-source";
import type { DataSource } from "@org/data-source-core";
import { cacheDataSource } from "@org/data-source-core/cache";
import { limitDataSource } from "@org/data-source-core/limit";
import { createDataSourceRegistry, type DataSourceRegistry } from "@org/data-source-core/registry";
import { Keyv } from "keyv";
import { beforeAll, expect, test } from "vitest";
import { useLakebase } from "./lakebase.ts";

const lakebase = useLakebase();
const users = Array.from({ length: 200 }, (_, index) => `user_${index}`);

beforeAll(async () => {
  for (const user of users) await lakebase().emulator.addRole(user);
}, 60_000);

/** A source that acts as this user, with a token of that user's own. */
function openAs(user: string, token: string): Promise<DataSource> {
  const { host, port, database, ca } = lakebase().emulator;
  return createDataSource({
    kind: "postgres",
    host,
    port,
    database,
    user,
    password: token,
    ssl: { ca },
    pool: { max: 1 },
  });
}

const tokens = new Map<string, string>();
const tokenOf = (user: string): string => {
  const token = tokens.get(user) ?? lakebase().emulator.databaseToken({ role: user });
  tokens.set(user, token);
  return token;
};

function registryOfUsers(options: { max?: number; idleMs?: number; reloadMs?: number } = {}): DataSourceRegistry {
  return createDataSourceRegistry({
    ...options,
    load: (user) => {
      const token = tokenOf(user);
      return Promise.resolve({ identity: { user, token }, create: () => openAs(user, token) });
    },
  });
}

/** Everybody `times` times, in an order where nobody comes twice in a row, so many at a time. */
async function interleave(times: number, atOnce: number, work: (user: string) => Promise<void>): Promise<void> {
  const turns = Array.from({ length: times }, () => users).flat();
  const next = turns.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const user of next) await work(user);
    }),
  );
}

test("200 users interleave through a registry of 20, and none ever sees another's current_user", async () => {
  const { connections } = lakebase();
  await using registry = registryOfUsers({ max: 20 });
  const seen = new Map<string, Set<unknown>>();
  let most = 0;
  await interleave(3, 40, async (user) => {
    const { rows } = await registry.use(user, (source) =>
      source.query("select current_user as me, session_user as login"),
    );
    const mine = seen.get(user) ?? new Set();
    for (const row of rows) mine.add(JSON.stringify(row));
    seen.set(user, mine);
    most = Math.max(most, registry.size);
  });
  expect(seen.size).toBe(200);
  const others = [...seen].filter(([user, rows]) => [...rows].join() !== JSON.stringify({ me: user, login: user }));
  expect(others).toEqual([]);
  // One in use is never closed, and 40 were at once.
  expect(most).toBeLessThanOrEqual(40);
  expect(registry.size).toBe(20);
  await registry.close();
  await expect.poll(connections, { timeout: 20_000 }).toBe(0);
});

test("200 users share one cache, and none ever gets another's result", async () => {
  await using registry = registryOfUsers({ max: 20 });
  const kept = new Map<string, unknown>();
  const store = new Keyv({ store: kept });
  const wrong: unknown[] = [];
  let hits = 0;
  const round = (): Promise<void> =>
    interleave(1, 20, async (user) => {
      const { rows, usage } = await registry.use(user, (source) =>
        cacheDataSource(source, { store }).query("select current_user as me", { cache: { ttlMs: 60_000 } }),
      );
      if (usage?.cacheHit) hits += 1;
      if (rows.length !== 1 || rows[0]?.["me"] !== user) wrong.push([user, rows]);
    });
  await round();
  expect([kept.size, hits]).toEqual([200, 0]);
  await round();
  await round();
  expect(wrong).toEqual([]);
  expect([kept.size, hits]).toEqual([200, 400]);
  for (const [key, entry] of kept) {
    const text = JSON.stringify([key, entry]);
    const token = tokens.get(/user_\d+/.exec(text)?.[0] ?? "") ?? "";
    expect(token).not.toBe("");
    expect(text.includes(token)).toBe(false);
  }
});

test("a rotated secret gives a new pool; a query on the old one ends in peace, then its connection is gone", async () => {
  const { connections, running } = lakebase();
  await using registry = registryOfUsers({ reloadMs: 1 });
  const [user = ""] = users;
  const processId = (source: DataSource): Promise<unknown> =>
    source.query("select pg_backend_pid() as id").then(({ rows }) => rows[0]?.["id"]);
  const before = await registry.use(user, processId);
  const slow = registry.use(user, (source) => source.query("select 1 as one from pg_sleep(1) /* rotated_away */"));
  await expect.poll(() => running("rotated_away"), { timeout: 10_000 }).toBe(1);
  tokens.set(user, lakebase().emulator.databaseToken({ role: user, lifeMs: 1_800_000 }));
  const after = await registry.use(user, processId);
  expect(after).not.toBe(before);
  expect(await running("rotated_away")).toBe(1);
  expect((await slow).rows).toEqual([{ one: 1n }]);
  await expect.poll(connections, { timeout: 20_000 }).toBe(1);
  await registry.close();
  await expect.poll(connections, { timeout: 20_000 }).toBe(0);
});

test("an idle source is closed on the server too", async () => {
  const { connections } = lakebase();
  await using registry = registryOfUsers({ idleMs: 50 });
  await registry.use("user_1", (source) => source.query("select 1"));
  await expect.poll(connections, { timeout: 20_000 }).toBe(0);
  expect(registry.size).toBe(0);
});

test("the limit holds as the server sees it, and a caller who leaves the queue never reaches it", async () => {
  const { running } = lakebase();
  const { host, port, database, user, ca } = lakebase().emulator;
  const password = lakebase().emulator.databaseToken();
  const source = await createDataSource({ kind: "postgres", host, port, database, user, password, ssl: { ca } });
  await using limited = limitDataSource(source, { concurrency: 2 });
  const sleep = (marker: string, options = {}): Promise<unknown> =>
    limited.query(`select pg_sleep(0.7) /* limit ${marker} */`, options);
  const impatient = new AbortController();
  const first = [sleep("a"), sleep("b"), sleep("c")];
  const left = sleep("never", { signal: impatient.signal });
  await expect.poll(() => running("limit"), { timeout: 10_000 }).toBe(2);
  impatient.abort();
  await expect(left).rejects.toMatchObject({ code: "CANCELLED" });
  let most = 0;
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      most = Math.max(most, await running("limit"));
      expect(await running("limit never")).toBe(0);
    }
  })();
  await Promise.all(first);
  watching.abort();
  await watch;
  expect(most).toBe(2);
});
