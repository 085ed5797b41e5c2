import { expect, test } from "vitest";
import { begin, commit, type Guard, guarded, rollback, settingsStep } from "./guard.ts";

const main = { text: "select 1", isMain: true };
const settings = { text: "settings" };
const texts = (steps: readonly { readonly text?: string }[]) => steps.map(({ text }) => text);

test.each<[Exclude<Guard, "none">, string[]]>([
  ["read", ["BEGIN READ ONLY", "settings", "select 1", "ROLLBACK"]],
  ["write", ["BEGIN READ WRITE", "settings", "select 1", "COMMIT"]],
  ["transaction", ["settings", "select 1"]],
])("%s", (guard, steps) => {
  expect(texts(guarded(guard, main, settings))).toEqual(steps);
});

test("what opens a portal's transaction", () => {
  const guards: Guard[] = ["read", "write", "transaction", "none"];
  expect(guards.map((guard) => texts(begin(guard)))).toEqual([["BEGIN READ ONLY"], ["BEGIN READ WRITE"], [], []]);
});

test("what begins and ends a transaction is never prepared by name", () => {
  const steps = [...begin("read"), ...begin("write"), commit, rollback];
  expect(steps.map(({ prepared }) => prepared ?? "leave")).toEqual(steps.map(() => "leave"));
});

test.each<[number | undefined, string]>([
  [undefined, "0"],
  [1, "1"],
  [2 ** 31, "2147483647"],
])("a timeout of %s ms is said as %s", (timeoutMs, value) => {
  expect(settingsStep(timeoutMs, { parameters: new Map(), flavour: "postgres" })).toEqual({
    text: "select set_config('statement_timeout', $1, true)",
    values: [value],
    maxRows: 0,
    prepared: "keep",
  });
});

test.each<[Record<string, string>, string]>([
  [{ DateStyle: "ISO, MDY", standard_conforming_strings: "on" }, ""],
  [{ DateStyle: "German, DMY" }, ", set_config('datestyle', 'ISO', true)"],
  [{ standard_conforming_strings: "off" }, ", set_config('standard_conforming_strings', 'on', true)"],
])("with %o it also sets%s", (parameters, more) => {
  const { text } = settingsStep(1, { parameters: new Map(Object.entries(parameters)), flavour: "postgres" });
  expect(text).toBe(`select set_config('statement_timeout', $1, true)${more}`);
});
