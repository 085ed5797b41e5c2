import { expect, test } from "vitest";
import { configFromEnv, configFromUrl } from "./from-url.ts";

/** What it throws, as far as an application can see. */
function failure(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    const { name, code, field, message } = error as Record<string, unknown>;
    return { name, code, field, message };
  }
  return "nothing thrown";
}

const refusal = (field: string, message: string): unknown => ({
  name: "ConfigurationError",
  code: "CONFIGURATION",
  field,
  message: `${field} ${message}`,
});

const endpoint = "projects/shop/branches/main/endpoints/primary";

test.each([
  ["postgres://u:p@h:1/d", { kind: "postgres", url: "postgres://u:p@h:1/d" }],
  ["postgresql://u@h/d?sslmode=disable", { kind: "postgres", url: "postgresql://u@h/d?sslmode=disable" }],
  ["postgres://", { kind: "postgres", url: "postgres://" }],
  ["redshift://u@h/d", { kind: "postgres", flavour: "redshift", url: "redshift://u@h/d" }],
  ["mysql://u:p@h/d", { kind: "mysql", url: "mysql://u:p@h/d" }],
  ["mariadb://u@h", { kind: "mysql", url: "mariadb://u@h" }],
  [`lakebase://${endpoint}`, { kind: "postgres", auth: { endpoint } }],
  [
    `lakebase://${endpoint}?host=ep-1.example.com&port=6432&user=a%40b.example&database=shop`,
    {
      kind: "postgres",
      auth: { endpoint },
      host: "ep-1.example.com",
      port: 6432,
      user: "a@b.example",
      database: "shop",
    },
  ],
  [
    "bigquery://my-project/shop?location=EU&keyFile=%2Fkeys%2Fa.json&maximumBytesBilled=1000",
    {
      kind: "bigquery",
      projectId: "my-project",
      dataset: "shop",
      location: "EU",
      credentials: { keyFile: "/keys/a.json" },
      maximumBytesBilled: 1_000,
    },
  ],
  [
    "bigquery://example.com%3Aproject?impersonate=a@b.example",
    { kind: "bigquery", projectId: "example.com:project", impersonate: { serviceAccount: "a@b.example" } },
  ],
  [
    "snowflake://REPORTER:p%40ss@org-name/SALES/PUBLIC?warehouse=REPORTING&role=READER",
    {
      kind: "snowflake",
      account: "org-name",
      username: "REPORTER",
      password: "p@ss",
      database: "SALES",
      schema: "PUBLIC",
      warehouse: "REPORTING",
      role: "READER",
    },
  ],
  [
    "snowflake://r@xy12345.eu-central-1?privateKeyPath=%2Fkeys%2Fa.p8&privateKeyPass=x",
    {
      kind: "snowflake",
      account: "xy12345.eu-central-1",
      username: "r",
      privateKeyPath: "/keys/a.p8",
      privateKeyPass: "x",
    },
  ],
  [
    "snowflake://r@a?authenticator=externalbrowser",
    { kind: "snowflake", account: "a", username: "r", authenticator: "externalbrowser" },
  ],
  ["bigquery://", { kind: "bigquery" }],
  ["bigquery:///shop", { kind: "bigquery", dataset: "shop" }],
])("configFromUrl(%j)", (url, expected) => {
  expect(configFromUrl(url)).toEqual(expected);
});

const shape = "must look like lakebase://projects/{project}/branches/{branch}/endpoints/{endpoint}?host=…";
const snowflakeShape = "must look like snowflake://user:password@account/database/schema?warehouse=…&role=…";
const bigqueryShape = "must look like bigquery://project/dataset?location=…&keyFile=…";
const known = "has a parameter that is not known; known: host, port, user, database";

test.each<[string, string | RegExp]>([
  ["hunter2", /^url must begin with postgres:\/\/, .* or .*:\/\/$/],
  ["hunter2://x", /^url must begin with postgres:\/\//],
  ["toString://hunter2", /^url must begin with postgres:\/\//],
  ["", /^url must begin with postgres:\/\//],
  ["POSTGRES://u@h", /^url must begin with postgres:\/\//],
  [
    "postgres://u:hunter2@h:99999/d",
    "url is not a valid URL; %-encode characters such as @ : / ? # in a user name or password",
  ],
  ["mysql://u:12#hunter2@h/d", /^url has a #, which ends a URL; %-encode/],
  ["snowflake://u:p@account?role=A#hunter2", /^url has a #, which ends a URL; %-encode/],
  ["lakebase://projects/shop", `url ${shape}`],
  ["lakebase://projects/My%20Shop/branches/main/endpoints/primary", `url ${shape}`],
  [`lakebase://${endpoint}/hunter2`, `url ${shape}`],
  [
    `lakebase://u:hunter2@${endpoint}`,
    "url must not hold a user or password before the @: Lakebase credentials are minted; the role is ?user=…",
  ],
  [`lakebase://${endpoint}?password=hunter2`, `url ${known}`],
  [`lakebase://${endpoint}?hunter2`, `url ${known}`],
  [`lakebase://${endpoint}?__proto__=hunter2`, `url ${known}`],
  [`lakebase://${endpoint}?host=a&host=hunter2`, "url has host twice"],
  [`lakebase://${endpoint}?user=`, "url has an empty user"],
  [`lakebase://${endpoint}?port=hunter2`, "url has a port that is not a whole number"],
  [
    "lakebase://projects/hunter2%/branches/main/endpoints/primary",
    "url has a % that begins no %-encoded character; write %25 for a % sign",
  ],
  ["snowflake://", `url ${snowflakeShape}`],
  ["snowflake://u:hunter2@account:443/d", `url ${snowflakeShape}`],
  ["snowflake://u:hunter2@account/d/s/t", `url ${snowflakeShape}`],
  [
    "snowflake://u:hunter2@account?authenticator=hunter2",
    "url has an authenticator that is not known; known: externalbrowser",
  ],
  ["snowflake://u:hunter2@account?warehouse=", "url has an empty warehouse"],
  ["bigquery://hunter2@project/shop", `url ${bigqueryShape}`],
  ["bigquery://project/shop/hunter2", `url ${bigqueryShape}`],
  ["bigquery://project:99/hunter2", `url ${bigqueryShape}`],
  ["bigquery://p/d?maximumBytesBilled=hunter2", "url has a maximumBytesBilled that is not a whole number"],
  ["bigquery://p/d?password=hunter2", "url has a parameter that is not known; known: location, keyFile, impersonate"],
])("configFromUrl(%j) is refused without showing it", (url, message) => {
  const { message: actual, ...rest } = failure(() => configFromUrl(url)) as { message: string };
  expect(rest).toEqual({ name: "ConfigurationError", code: "CONFIGURATION", field: "url" });
  expect(actual).toMatch(message);
  expect(JSON.stringify(failure(() => configFromUrl(url)))).not.toContain("hunter2");
});

test("configFromUrl(not a string) says what is expected", () => {
  const expected = refusal("url", "must be a URL such as postgres://user:password@host:5432/database");
  expect(failure(() => configFromUrl(undefined as never))).toEqual(expected);
  expect(failure(() => configFromUrl(new URL("postgres://u:hunter2@h") as never))).toEqual(expected);
});

test("configFromEnv reads the variable that it is told, by default DATA_SOURCE_URL", () => {
  expect(configFromEnv(undefined, { DATA_SOURCE_URL: "postgres://a@b" })).toEqual({
    kind: "postgres",
    url: "postgres://a@b",
  });
  expect(configFromEnv("REPORTS", { REPORTS: "postgres://a@b" })).toEqual({ kind: "postgres", url: "postgres://a@b" });
});

test("configFromEnv names the variable in every error, never its value", () => {
  const missing = refusal(
    "REPORTS",
    "is not set; it must hold a URL such as postgres://user:password@host:5432/database",
  );
  expect(failure(() => configFromEnv("REPORTS", {}))).toEqual(missing);
  expect(failure(() => configFromEnv("REPORTS", { REPORTS: "" }))).toEqual(missing);
  expect(failure(() => configFromEnv("REPORTS", { REPORTS: `lakebase://${endpoint}?hunter2=1` }))).toEqual(
    refusal("REPORTS", known),
  );
});
