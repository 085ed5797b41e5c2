import { expect, test } from "vitest";
import { readGrants } from "./grants.ts";

const grants = (roles: Record<string, [string, string, string][]>) => async (role: string) =>
  (roles[role] ?? []).map(([privilege, granted_on, name]) => ({ privilege, granted_on, name }));

test("a role that only reads", async () => {
  const show = grants({
    R: [
      ["USAGE", "DATABASE", "D"],
      ["SELECT", "TABLE", "T"],
      ["USAGE", "WAREHOUSE", "W"],
    ],
  });
  expect(await readGrants("R", show)).toEqual({ canWrite: false, example: undefined });
});

test.each(["OWNERSHIP", "INSERT", "CREATE TABLE", "MODIFY", "WRITE"])("%s allows to write", async (privilege) => {
  const show = grants({
    R: [
      ["SELECT", "TABLE", "T"],
      [privilege, "TABLE", "T"],
    ],
  });
  expect(await readGrants("R", show)).toEqual({ canWrite: true, example: `${privilege} on table T` });
});

test("inherited roles count, and circles end", async () => {
  const show = grants({
    A: [["USAGE", "ROLE", "B"]],
    B: [
      ["USAGE", "ROLE", "A"],
      ["DELETE", "TABLE", "T"],
    ],
  });
  expect(await readGrants("A", show)).toEqual({ canWrite: true, example: "DELETE on table T" });
});

test("too many roles are unknown, not harmless", async () => {
  const show = async (role: string) => [{ privilege: "USAGE", granted_on: "ROLE", name: `${role}X` }];
  expect(await readGrants("R", show)).toEqual({ canWrite: undefined, example: undefined });
});
