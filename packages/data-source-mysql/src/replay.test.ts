import { DataSourceError, type DataSourceEvent } from "@org/data-source-core";
import { createDeadline } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import type { Engine, Lease, Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";

async function attempts(own: { readonly canReplay?: boolean; readonly code?: "CONNECTION" | "OUTCOME_UNKNOWN" }) {
  const { canReplay = true, code = "CONNECTION" } = own;
  const events: DataSourceEvent[] = [];
  const engine = { onEvent: (event: DataSourceEvent) => events.push(event) } as Partial<Engine> as Engine;
  let leased = 0;
  let ended = 0;
  const lease = async (): Promise<Lease> => {
    leased += 1;
    return { end: async () => void (ended += 1) } as Partial<Lease> as Lease;
  };
  const place = { canReplay, lease } as Partial<Place> as Place;
  using deadline = createDeadline({ timeoutMs: Infinity });
  const failure = new DataSourceError({ code, kind: "mysql", message: "It broke" });
  const work = withReplay(engine, place, deadline, () => Promise.reject(failure));
  await expect(work).rejects.toBe(failure);
  return { leased, ended, events: events.length };
}

test("what breaks again is not tried a third time, and each connection is given back", async () => {
  expect(await attempts({})).toEqual({ leased: 2, ended: 2, events: 1 });
});

test.each([{ canReplay: false }, { code: "OUTCOME_UNKNOWN" }] as const)("not again: %o", async (own) => {
  expect(await attempts(own)).toEqual({ leased: 1, ended: 1, events: 0 });
});
