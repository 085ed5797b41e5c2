// Starts the package of another engine: node scripts/src/new-adapter.ts <name>
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { addArrows, addEngine, scaffoldAdapter } from "./adapter-scaffold.ts";
import { root } from "./workspace.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { top: { type: "string", default: root } },
});
const top = resolve(values.top);
const [name = ""] = positionals;
const template = join(top, "scripts/adapter-template");
const paths = globSync("**/*.{ts,json,md}", { cwd: template }).toSorted();
const files = scaffoldAdapter(name, new Map(paths.map((path) => [path, readFileSync(join(template, path), "utf8")])));
const folder = `packages/data-source-${name}`;
if (existsSync(join(top, folder))) throw new Error(`${folder} is there already`);

const edit = (path: string, change: (text: string) => string): void => {
  writeFileSync(join(top, path), change(readFileSync(join(top, path), "utf8")));
  console.log(`changed ${path}`);
};
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
  console.log(`wrote   ${path}`);
};
edit("scripts/src/arrows.ts", (text) => addArrows(text, name));
edit(".github/workflows/ci.yml", (text) => addEngine(text, name));
edit("scripts/sizes.json", (text) => {
  const budget = { packedBytes: 140_000, packages: 30, coldImportMs: 400 };
  const sizes = { ...(JSON.parse(text) as object), [`@org/data-source-${name}`]: { budget } };
  return `${JSON.stringify(sizes, undefined, 2)}\n`;
});
for (const [path, text] of files) write(join(folder, path), text);
write(`.changeset/data-source-${name}.md`, `---\n"@org/data-source-${name}": minor\n---\n\nAn adapter for ${name}.\n`);
console.log(`
Next:
  pnpm install
  pnpm vitest run --project int ${folder}   the conformance suite: what is left to write
  pnpm fix && pnpm api && pnpm check        format, API report, everything else
Then give packages/data-source its kind: its dependency, its config and its line in src/adapters.ts.`);
