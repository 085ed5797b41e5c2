import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { failure, settle } from "../test/fake-workspace.ts";
import { createWaitingRoom, untilAborted } from "./timers.ts";

describe.each([
  ["untilAborted", () => untilAborted],
  ["a waiting room", createWaitingRoom],
])("%s", (_, create) => {
  test("passes the result and the error on, and removes its listener", async () => {
    const wait = create();
    const { signal } = new AbortController();
    expect(await wait(Promise.resolve(7), signal)).toBe(7);
    expect(await failure(wait(Promise.reject(new Error("x")), signal))).toMatchObject({ message: "x" });
    expect(await wait(Promise.resolve(8), undefined)).toBe(8);
    await settle();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("ends all waits with the signal's reason", async () => {
    const wait = create();
    const controller = new AbortController();
    const waits = [1, 2, 3].map(() => failure(wait(new Promise(() => {}), controller.signal)));
    controller.abort(new Error("enough"));
    for (const error of await Promise.all(waits)) expect(error.message).toBe("enough");
    expect((await failure(wait(new Promise(() => {}), controller.signal))).message).toBe("enough");
  });
});

test("a waiting room listens once for many waits, and again after it was empty", async () => {
  const wait = createWaitingRoom();
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<number>();
  const waits = Array.from({ length: 100 }, () => wait(promise, controller.signal));
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  resolve(1);
  await Promise.all(waits);
  await settle();
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  const late = failure(wait(new Promise(() => {}), controller.signal));
  controller.abort(new Error("enough"));
  expect((await late).message).toBe("enough");
});
