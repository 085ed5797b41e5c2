import { describeDataSource, type Harness } from "@org/data-source-conformance";
import type { DataSourceOptions } from "@org/data-source-core";
import { afterAll, describe, expect, test } from "vitest";
import { createSnowflakeDataSource, type SnowflakeDataSource } from "../src/index.ts";
import { escapes } from "./escapes.ts";
import { foldNames } from "./fold-names.ts";
import { common, introspectionIn, roundTrips } from "./harness.ts";

const variable = (name: string): string | undefined => process.env[`SNOWFLAKE_LIVE_${name}`];
const account = variable("ACCOUNT");
const password = variable("PASSWORD") ?? "";

/**
 * The whole conformance suite against a real account: set SNOWFLAKE_LIVE_ACCOUNT, _USERNAME, _PASSWORD, _WAREHOUSE,
 * _DATABASE, _SCHEMA (in which it may create and drop tables) and _ROLE, then `vitest run --project live`.
 */
function open(options: DataSourceOptions & { password?: string; accessUrl?: string } = {}): SnowflakeDataSource {
  const place = {
    warehouse: variable("WAREHOUSE"),
    database: variable("DATABASE"),
    schema: variable("SCHEMA"),
    role: variable("ROLE"),
  };
  const given = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
  return createSnowflakeDataSource({
    account: account ?? "",
    username: variable("USERNAME") ?? "",
    password,
    ...given,
    ...options,
  });
}

describe.skipIf(account === undefined)("snowflake, live", () => {
  test("who it is and what it may", async () => {
    await using source = open();
    expect((await source.check()).steps.filter((step) => step.outcome === "failed")).toEqual([]);
  });
});

if (account !== undefined) {
  const observer = open();
  afterAll(() => observer.close());
  const running = async (marker: string): Promise<number> => {
    const { rows } = await observer.query<[bigint]>({
      text: `select count(*) from table(information_schema.query_history(result_limit => 100))
             where execution_status = 'RUNNING' and query_text like ? and query_text not like '%query_history%'`,
      params: [`%${marker}%`],
      rowMode: "array",
    });
    return Number(rows[0]?.[0]);
  };
  const harness: Harness = {
    ...common,
    name: "snowflake account",
    create: (options) => foldNames(open(options)),
    createWithWrongPassword: (wrong) => open({ password: wrong }),
    createUnreachable: () => open({ accessUrl: "https://127.0.0.1:1", connectTimeoutMs: 1000 }),
    secrets: [password],
    canWrite: true,
    observe: {
      activeStatements: running,
      openConnections: undefined,
      dropConnections: undefined,
      statements: undefined,
    },
    roundTrips,
    readOnly: {
      escapes: (_table, name) => escapes(`"${name}"`),
      allowed: ["select 1", "values (1), (2)", "show tables", "show tables ->> select * from $1", "explain select 1"],
    },
    introspection: introspectionIn(variable("DATABASE") ?? "", variable("SCHEMA") ?? ""),
  };
  describeDataSource(harness);
}
