import { describe, expect, test } from "vitest";
import { jwt } from "../test/fake-workspace.ts";
import { readJwtPayload, readJwtTiming } from "./jwt.ts";
import { elapsedMs, epochMs, estimateLifeMs, type LifetimeEvidence, remainingMs } from "./lifetime.ts";

const HOUR = 3_600_000;
const SERVER = Date.UTC(2026, 0, 1, 12);
const SLOW = SERVER - 2 * HOUR;
const FAST = SERVER + 2 * HOUR;
const expiry = { expiresAtMs: SERVER + HOUR };

describe("the shortest plausible life", () => {
  test.each<[string, Partial<LifetimeEvidence>, number, number]>([
    ["expires_in alone", { statedLivesMs: [HOUR] }, SERVER, HOUR],
    ["expires_in, slow clock", { statedLivesMs: [HOUR], ...expiry }, SLOW, HOUR],
    ["expires_in, fast clock", { statedLivesMs: [HOUR], ...expiry }, FAST, HOUR],
    ["expires_in and a shorter exp − iat", { statedLivesMs: [HOUR, HOUR / 2] }, SERVER, HOUR / 2],
    ["expires_in that is no number", { statedLivesMs: [Number.NaN, HOUR] }, SERVER, HOUR],
    ["negative expires_in", { statedLivesMs: [-60_000] }, SERVER, 60_000],
    ["Date header, slow clock", { ...expiry, serverNowMs: SERVER }, SLOW, HOUR - 999],
    ["Date header, fast clock", { ...expiry, serverNowMs: SERVER }, FAST, HOUR - 999],
    [
      "a cached token: less is left than exp − iat",
      { statedLivesMs: [HOUR], expiresAtMs: SERVER + 10_999, serverNowMs: SERVER },
      SERVER,
      10_000,
    ],
    ["a Date header after the expiry", { statedLivesMs: [HOUR], ...expiry, serverNowMs: FAST }, SERVER, HOUR],
    ["local clock, nothing better", expiry, SERVER, HOUR],
    ["local clock fast, nothing better", expiry, FAST, 60_000],
    ["local clock slow, nothing better", expiry, SLOW, 3 * HOUR],
    [
      "second hand: what is left by the local clock",
      { statedLivesMs: [HOUR], ...expiry, isSecondHand: true },
      SERVER + HOUR / 2,
      HOUR / 2,
    ],
    ["second hand, fast clock", { statedLivesMs: [HOUR], ...expiry, isSecondHand: true }, FAST, HOUR],
    ["second hand, slow clock", { statedLivesMs: [HOUR], ...expiry, isSecondHand: true }, SLOW, HOUR],
    ["nothing at all", {}, SERVER, 60_000],
    ["NaN", { expiresAtMs: Number.NaN }, SERVER, 60_000],
    ["infinite", { statedLivesMs: [Infinity], expiresAtMs: Infinity }, SERVER, 60_000],
    ["past", { expiresAtMs: SERVER - 1 }, SERVER, 60_000],
    ["tiny", { statedLivesMs: [5] }, SERVER, 1_000],
    ["beyond what a Date can hold", { statedLivesMs: [1e300] }, SERVER, 315_360_000_000],
  ])("%s", (_, evidence, localNowMs, lifeMs) => {
    expect(estimateLifeMs({ statedLivesMs: [], expiresAtMs: undefined, ...evidence }, localNowMs)).toBe(lifeMs);
  });
});

test("a token's age is what either clock says, whichever moved further", () => {
  const lifetime = { startedAt: { wallMs: SERVER, monotonicMs: 500 }, lifeMs: HOUR };
  expect(elapsedMs(lifetime, { wallMs: SERVER + 10, monotonicMs: 520 })).toBe(20);
  expect(elapsedMs(lifetime, { wallMs: SERVER + HOUR, monotonicMs: 501 })).toBe(HOUR);
  expect(elapsedMs(lifetime, { wallMs: SLOW, monotonicMs: 700 })).toBe(200);
  expect(remainingMs(lifetime, { wallMs: SERVER + HOUR, monotonicMs: 501 })).toBe(0);
});

test("an expiry may be a Date, epoch milliseconds or ISO text", () => {
  expect(epochMs(new Date(SERVER))).toBe(SERVER);
  expect(epochMs(SERVER)).toBe(SERVER);
  expect(epochMs("2026-01-01T12:00:00Z")).toBe(SERVER);
  for (const garbage of ["soon", new Date(Number.NaN), undefined, null, {}, true]) expect(epochMs(garbage)).toBeNaN();
});

describe("a JWT", () => {
  test("tells its life and its expiry", () => {
    expect(readJwtTiming(jwt({ iat: 100, exp: 160.5 }))).toEqual({ lifeMs: 60_500, expiresAtMs: 160_500 });
    expect(readJwtTiming(jwt({ exp: 160 }))).toEqual({ lifeMs: undefined, expiresAtMs: 160_000 });
  });
  test("with non-ASCII claims is read", () => {
    const payload = btoa(String.fromCharCode(...new TextEncoder().encode('{"iss":"höst/😀?"}')));
    expect(readJwtPayload(`h.${payload.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`)).toEqual({
      iss: "höst/😀?",
    });
  });
  test.each(["dapi0123456789abcdef", "", "a.b.c", "a.bnVsbA.c", `a.${btoa("7")}.c`, `a.${btoa('{"exp":"1"}')}.c`])(
    "that is none, or says nothing, tells nothing: %s",
    (token) => {
      expect(readJwtTiming(token)).toEqual({ lifeMs: undefined, expiresAtMs: undefined });
    },
  );
});
