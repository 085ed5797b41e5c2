import { createDataSource, type DataSourceConfig } from "@org/data-source";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNode } from "./child.ts";
import { useLakebase } from "./lakebase.ts";

const lakebase = useLakebase();
const root = join(import.meta.dirname, "..");
// Beside the package, where its imports are found; a folder that the linter, git and the checks of examples know.
const folder = ".examples/readme";
const text = readFileSync(join(root, "README.md"), "utf8");
const snippets = [...text.matchAll(/^## (.+)$|^```ts\n([\s\S]*?)^```$/gm)].reduce<{ title: string; code: string }[]>(
  (found, [, title, code]) => {
    if (title !== undefined) found.push({ title, code: "" });
    const last = found.at(-1);
    if (code !== undefined && last !== undefined) last.code = code;
    return found;
  },
  [],
);
const runnable = snippets.filter(({ code }) => code !== "");

/** What the comments of a snippet say that it prints: `console.log(…); // this`, up to an explanation after a colon. */
const promised = (code: string): string[] =>
  [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.+)$/gm)].map(([, said = ""]) => said.replace(/^true: .*/, "true"));

beforeAll(() => mkdirSync(join(root, folder), { recursive: true }));
afterAll(() => rmSync(join(root, ".examples"), { recursive: true }));

test("there is an example for each task", () => {
  expect(runnable.map(({ title }) => title)).toEqual([
    "Connect",
    "Query and stream",
    "Cancel and limit time",
    "Write",
    "Introspect and estimate",
    "Many tenants, or one source for each signed-in user",
    "Errors and what to do",
  ]);
});

test.each(runnable)("$title: the example runs and prints what it says", async ({ title, code }) => {
  const { env } = lakebase();
  const file = join(folder, `${title.replaceAll(/\W+/g, "-")}.ts`);
  writeFileSync(join(root, file), code);
  const { DATA_SOURCE_URL: url = "" } = env;
  const ended = await runNode([file], { ...env, URL_OF_ACME: url });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  for (const said of promised(code)) expect(ended.stdout.split("\n")).toContain(said);
});

/** Enough of a config to be asked what it promises; nothing is connected to. */
const configs: readonly DataSourceConfig[] = [
  { kind: "postgres", host: "h", user: "u" },
  { kind: "mysql", host: "h", user: "u" },
  { kind: "snowflake", account: "a", username: "u", password: "p" },
  { kind: "bigquery", projectId: "p", credentials: { accessToken: () => "" } },
];
const promises = {
  "reads only": "readOnly",
  "row limit": "maxRows",
  "time limit": "statementTimeout",
  cancel: "cancel",
} as const;

test.each(configs.map(({ kind }, index) => [kind, index] as const))(
  "the table of promises says what %s itself says",
  async (_kind, index) => {
    await using source = await createDataSource(configs[index] as DataSourceConfig);
    for (const [title, name] of Object.entries(promises)) {
      const cells = new RegExp(`^\\| ${title} +\\|(.*)\\|$`, "m").exec(text)?.[1]?.split("|") ?? [];
      const said = /server|client|none/.exec(cells[index] ?? "")?.[0];
      expect(`${title}: ${said}`).toBe(`${title}: ${source.capabilities[name].enforcedBy}`);
    }
  },
);
