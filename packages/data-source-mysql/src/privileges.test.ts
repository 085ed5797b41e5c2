import { expect, test } from "vitest";
import { parseGrants } from "./privileges.ts";

test("an account that reads", () => {
  expect(
    parseGrants([
      "GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*00'",
      "GRANT SELECT, SHOW VIEW ON `shop`.* TO `reader`@`%`",
      "GRANT SELECT (`id`, `insert`), EXECUTE ON `shop`.`orders` TO `reader`@`%`",
    ]),
  ).toEqual({ canWrite: false, writes: [], hasFile: false });
});

test("an account that writes, in part of one table", () => {
  expect(parseGrants(["GRANT SELECT, UPDATE (name, `a b`) ON `shop`.`t` TO `w`@`%`"])).toEqual({
    canWrite: true,
    writes: ["UPDATE"],
    hasFile: false,
  });
});

test("FILE, by itself or as part of everything everywhere", () => {
  expect(parseGrants(["GRANT SELECT, FILE ON *.* TO `f`@`%`"])).toMatchObject({ canWrite: true, hasFile: true });
  expect(parseGrants(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]).hasFile).toBe(true);
  expect(parseGrants(["GRANT ALL PRIVILEGES ON `shop`.* TO `owner`@`%`"])).toMatchObject({
    canWrite: true,
    hasFile: false,
  });
});

test("roles whose privileges are not shown leave it open", () => {
  const grants = ["GRANT USAGE ON *.* TO `a`@`%`", "GRANT `analyst`@`%` TO `a`@`%`"];
  expect(parseGrants(grants).canWrite).toBeUndefined();
  expect(parseGrants([...grants, "GRANT DELETE ON `x`.* TO `a`@`%`"]).canWrite).toBe(true);
});
