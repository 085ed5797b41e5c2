import { expect, test } from "vitest";
import { runNode } from "./child.ts";

/** What belongs to each kind, as it appears in a module's path. */
const drivers = {
  postgres: ["/data-source-postgres/", "/node_modules/pg/"],
  mysql: ["/data-source-mysql/", "/node_modules/mysql2/"],
  snowflake: ["/data-source-snowflake/"],
  bigquery: ["/data-source-bigquery/", "/node_modules/google-auth-library/"],
};
type Kind = keyof typeof drivers;

async function loadedModules(url: string): Promise<{ atImport: string[]; atCreate: string[] }> {
  const { code, stdout, stderr } = await runNode(["test/children/loaded-modules.ts", url], {});
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as { atImport: string[]; atCreate: string[] };
}

test.each<[Kind, string]>([
  ["postgres", "postgres://u@127.0.0.1/d"],
  ["mysql", "mysql://u@127.0.0.1/d"],
  ["snowflake", "snowflake://u:p@account"],
  ["bigquery", "bigquery://p/d"],
])(
  "importing the package loads no driver; the first source of kind %s loads its own and no other",
  async (kind, url) => {
    const { atImport, atCreate } = await loadedModules(url);
    expect(atImport.length).toBeGreaterThan(5);
    expect(atImport.filter((path) => !/\/packages\/data-source(-core)?\/src\//.test(path))).toEqual([]);
    for (const [name, paths] of Object.entries(drivers)) {
      for (const path of paths) {
        expect(`${path} ${atCreate.some((loaded) => loaded.includes(path))}`).toBe(`${path} ${name === kind}`);
      }
    }
  },
);
