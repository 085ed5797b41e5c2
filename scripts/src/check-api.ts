// Compares what users can import with the reports checked in under each package's etc/, so that a changed export shows
// in review. `--write` brings the reports up to date.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reportApi } from "./api-report.ts";
import { withTemporaryFolder } from "./staging.ts";
import { publicMembers, root } from "./workspace.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const members = publicMembers();
const stale = members.flatMap((member) => {
  const etc = join(root, member.folder, "etc");
  const reports = withTemporaryFolder((work) => reportApi(member, work));
  const surplus = globSync("*.api.md", { cwd: etc }).filter((file) => !reports.has(file));
  const changed = [...reports].filter(
    ([file, text]) => !existsSync(join(etc, file)) || readFileSync(join(etc, file), "utf8") !== text,
  );
  if (values.write) {
    for (const file of surplus) rmSync(join(etc, file));
    mkdirSync(etc, { recursive: true });
    for (const [file, text] of changed) writeFileSync(join(etc, file), text);
  }
  return [...surplus, ...changed.map(([file]) => file)].map((file) => `${member.folder}/etc/${file}`);
});
if (stale.length === 0) console.log(`The API reports of ${members.length} packages are up to date`);
else if (values.write) for (const file of stale) console.log(`wrote ${file}`);
else {
  for (const file of stale) console.error(`${file} is not what the package exports`);
  console.error(
    'Look at what changed for users: "pnpm api" writes the reports, "pnpm changeset" describes the change.',
  );
  process.exitCode = 1;
}
