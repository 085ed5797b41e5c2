import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findWrongArrows } from "./arrows.ts";
import { listFiles, readWorkspace, root } from "./workspace.ts";

const packages = readWorkspace()
  .filter(({ folder }) => folder !== "scripts")
  .map((member) => {
    const {
      name,
      dependencies = {},
      peerDependencies = {},
      optionalDependencies = {},
      devDependencies = {},
    } = member.manifest;
    return {
      name,
      isLeaf: !name.startsWith("@org/"),
      dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
      devDependencies: Object.keys(devDependencies),
      files: listFiles(member, "**/*.{ts,mts}").map((path) => ({
        path,
        text: readFileSync(join(root, member.folder, path), "utf8"),
      })),
    };
  });
const wrong = findWrongArrows(packages);
for (const line of wrong) console.error(line);
if (wrong.length > 0) {
  console.error(
    "These arrows are not in the design. Change the code, or the table in scripts/src/arrows.ts with the design.",
  );
  process.exitCode = 1;
} else console.log(`${packages.length} packages, every arrow goes the agreed way`);
