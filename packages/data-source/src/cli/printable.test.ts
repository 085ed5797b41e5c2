import { expect, test } from "vitest";
import { printable, printableLines } from "./printable.ts";

const steering = "a\u001B[1m\u009B2J\u007F\u0000\r\u061C\u200E\u200F\u202A\u202E\u2066\u2069日";
const shown = String.raw`\u200e\u200f\u202a\u202e\u2066\u2069日`;

test("what steers a terminal is shown", () => {
  expect(printable(`${steering}\n\t`)).toBe(
    String.raw`a\u001b[1m\u009b2J\u007f\u0000\r\u061c` + shown + String.raw`\n\t`,
  );
});

test("lines stay lines, and JSON stays the same JSON", () => {
  expect(printableLines(`${steering}\n\t`)).toBe(
    `${String.raw`a\u001b[1m\u009b2J\u007f\u0000\u000d\u061c`}${shown}\n\t`,
  );
  const value = [{ [steering]: steering }];
  expect(JSON.parse(printableLines(JSON.stringify(value, undefined, 2)))).toEqual(value);
});
