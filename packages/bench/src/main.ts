// pnpm bench [group …]: prints the figures of each group; --write also puts them into BENCHMARKS.md.
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, type } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { render, type Section } from "./section.ts";

/** Each group is loaded only when it runs: its drivers and peers are heavy. */
const GROUPS: Readonly<Record<string, () => Promise<{ run(): AsyncIterable<Section> }>>> = {
  "data-source-postgres": () => import("./data-source-postgres/index.ts"),
  "data-source-mysql": () => import("./data-source-mysql/index.ts"),
  "data-source-bigquery": () => import("./data-source-bigquery/index.ts"),
  "lakebase-auth": () => import("./lakebase-auth/index.ts"),
  "data-source-snowflake": () => import("./data-source-snowflake/index.ts"),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "boolean", default: false } },
});
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
for (const name of names)
  if (GROUPS[name] === undefined)
    throw new RangeError(`${name}: expected one of ${Object.keys(GROUPS).join(", ")}, or nothing for all`);

const file = join(import.meta.dirname, "../../../BENCHMARKS.md");

for (const name of names) {
  const group = await GROUPS[name]?.();
  const parts: string[] = [];
  for await (const section of group?.run() ?? []) {
    const part = render(section);
    console.log(`\n${part}`);
    parts.push(part);
  }
  if (values.write) replaceGroup(name, parts.join("\n"));
}

/** Puts a group between its two marks, behind all others when it is new. */
function replaceGroup(name: string, body: string): void {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const machine = `Node ${process.version}, ${type()} ${release().split("-")[0]} ${arch()}, ${cpus().length} cores; \`pnpm bench ${name} --write\`.`;
  const block = `${start}\n\n## ${name}\n\n${machine}\n\n${body}\n${end}`;
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  const next =
    from === -1 ? `${text.trimEnd()}\n\n${block}\n` : text.slice(0, from) + block + text.slice(to + end.length);
  writeFileSync(file, next);
}
