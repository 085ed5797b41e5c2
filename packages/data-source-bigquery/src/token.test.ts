import { expect, test } from "vitest";
import { createTokenCache } from "./token.ts";

/** Tokens `t1`, `t2`… that live for `lifeMs` on a clock of the test's own. */
function setup(lifeMs: number | undefined): {
  cache: ReturnType<typeof createTokenCache>;
  clock: { now: number };
  calls: () => number;
} {
  const clock = { now: 1_000_000 };
  let calls = 0;
  const fetchToken = async () => {
    calls += 1;
    return lifeMs === undefined ? `t${calls}` : { token: `t${calls}`, expiresAt: new Date(clock.now + lifeMs) };
  };
  return { cache: createTokenCache(fetchToken, () => clock.now), clock, calls: () => calls };
}

test("kept until a minute before its end", async () => {
  const { cache, clock } = setup(3_600_000);
  expect(await cache.get()).toBe("t1");
  clock.now += 3_600_000 - 60_001;
  expect(await cache.get()).toBe("t1");
  clock.now += 1;
  expect(await cache.get()).toBe("t2");
});

test("a short-lived one is used for half of its life, one that is over already not at all", async () => {
  const { cache, clock } = setup(60_000);
  expect(await cache.get()).toBe("t1");
  clock.now += 29_999;
  expect(await cache.get()).toBe("t1");
  clock.now += 1;
  expect(await cache.get()).toBe("t2");
  const late = setup(-5);
  expect([await late.cache.get(), await late.cache.get()]).toEqual(["t1", "t2"]);
});

test("without an end it is asked for each time, once for those who wait together", async () => {
  const { cache, calls } = setup(undefined);
  expect(await Promise.all([cache.get(), cache.get()])).toEqual(["t1", "t1"]);
  expect(await cache.get()).toBe("t2");
  expect(calls()).toBe(2);
});

test("a refused token is dropped, unless another has replaced it", async () => {
  const { cache } = setup(3_600_000);
  expect(await cache.get()).toBe("t1");
  cache.refuse("t1");
  expect(await cache.get()).toBe("t2");
  cache.refuse("t1");
  expect(await cache.get()).toBe("t2");
});

test("a failure is everyone's, and not kept", async () => {
  let calls = 0;
  const cache = createTokenCache(async () => {
    calls += 1;
    if (calls === 1) throw new Error("no token");
    return "t";
  });
  const both = await Promise.allSettled([cache.get(), cache.get()]);
  expect(both.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  expect(await cache.get()).toBe("t");
});
