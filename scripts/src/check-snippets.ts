// Type-checks every ```ts block of the READMEs, the docs and the docstrings, where a reader would put it: in a
// module beside the package that it is about.
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { extractSnippets } from "./snippets.ts";
import { listFiles, readWorkspace, root } from "./workspace.ts";

const FOLDER = ".examples";

interface Source {
  readonly folder: string;
  readonly path: string;
}

const rootSources: Source[] = globSync("*.md", { cwd: root }).map((path) => ({ folder: "examples/rotation", path }));
const memberSources: Source[] = readWorkspace().flatMap((member) =>
  [...listFiles(member, "*.md"), ...listFiles(member, "docs/**/*.md"), ...listFiles(member, "src/**/*.ts")]
    .filter((path) => !path.endsWith("CHANGELOG.md") && !path.endsWith(".test.ts"))
    .map((path) => ({ folder: member.folder, path: join(member.folder, path) })),
);

const written = new Map<string, string>();
for (const { folder, path } of [...rootSources, ...memberSources]) {
  for (const { line, code } of extractSnippets(readFileSync(join(root, path), "utf8"))) {
    const file = join(folder, FOLDER, `${path.replaceAll(/[/\\.]/g, "-")}-${line}.ts`);
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), `${code}\nexport {};\n`);
    written.set(file, `${path}:${line}`);
  }
}
const config = join(root, FOLDER, "tsconfig.json");
mkdirSync(dirname(config), { recursive: true });
const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
writeFileSync(
  config,
  JSON.stringify({
    extends: "../tsconfig.json",
    compilerOptions,
    include: [],
    files: [...written.keys()].map((f) => `../${f}`),
  }),
);
try {
  const { stdout, status } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["--noEmit", "--pretty", "false", "-p", config],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  let report = stdout;
  for (const [file, place] of written) report = report.replaceAll(file, `${place} in the example, at`);
  process.stdout.write(report);
  if (status !== 0) process.exitCode = 1;
  else console.log(`${written.size} examples type-check`);
} finally {
  for (const folder of [...new Set([...written.keys()].map((file) => dirname(file))), FOLDER])
    rmSync(join(root, folder), { recursive: true, force: true });
}
