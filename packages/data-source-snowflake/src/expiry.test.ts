import { expect, test } from "vitest";
import { expiryOf } from "./expiry.ts";

const withCode = (code: unknown, message = "no"): Error => Object.assign(new Error(message), { code });

test.each(["390114", "390111", "390104", "407002", "401004"])("%s asks for a new connection", (code) => {
  expect(expiryOf(withCode(code))).toBe("reconnect");
  expect(expiryOf(withCode(Number(code)))).toBe("reconnect");
});

test.each(["390195", "390303", "390318"])("%s asks for new credentials first", (code) => {
  expect(expiryOf(withCode(code))).toBe("refresh-credentials");
});

test.each(["390112", "390100", "000604", "000630", "001003", 401001, 390112, "ECONNRESET"])(
  "%s is no expiry",
  (code) => {
    expect(expiryOf(withCode(code))).toBeUndefined();
  },
);

test("another code wins over a message that says otherwise", () => {
  expect(expiryOf(withCode("001003", "390114: Authentication token has expired"))).toBeUndefined();
});

test("without a code the message needs both the digits and the phrase", () => {
  expect(expiryOf(new Error("390114: Authentication token has expired.  The user must authenticate again."))).toBe(
    "reconnect",
  );
  expect(expiryOf(new Error("AUTHENTICATION TOKEN HAS EXPIRED (390114)"))).toBe("reconnect");
  for (const message of ["390114", "Authentication token has expired", "row 390114 has expired", ""]) {
    expect([message, expiryOf(new Error(message))]).toEqual([message, undefined]);
  }
  expect(expiryOf(Object.assign(new Error("390114 authentication token has expired"), { code: null }))).toBe(
    "reconnect",
  );
});

test.each([undefined, null, "390114 authentication token has expired", 390114])(
  "%s is no error of the driver",
  (value) => {
    expect(expiryOf(value)).toBeUndefined();
  },
);
