import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { publicMembers, root } from "../src/workspace.ts";

/** Builds every package of this workspace that is not built yet. */
export function buildWorkspace(): void {
  execFileSync(join(root, "node_modules/.bin/turbo"), ["run", "build", "--output-logs=errors-only"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" },
  });
}

/** A commit of what lies in this workspace, built, in a folder of its own; without the changes that await a release. */
export function copyWorkspace(folder: string): void {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  buildWorkspace();
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const paths = listed
    .trim()
    .split("\n")
    .filter((path) => existsSync(join(root, path)));
  for (const path of [...paths, ...publicMembers().map((member) => join(member.folder, "dist"))])
    cpSync(join(root, path), join(folder, path), { recursive: true });
  for (const path of globSync(".changeset/*.md", { cwd: folder })) rmSync(join(folder, path));
  git("init", "--quiet", "--initial-branch", "main");
  commitAll(folder, "As it lies");
}

export function commitAll(folder: string, message: string): void {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
  execFileSync("git", ["add", "--all"], { cwd: folder });
  execFileSync("git", [...identity, "commit", "--quiet", "--message", message], { cwd: folder });
}
