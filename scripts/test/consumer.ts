import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../src/workspace.ts";

const run = promisify(execFile);
const NO_LIMITS = { minimumReleaseAge: 0 };

/** A clean folder of somebody who uses our packages. */
export interface Consumer {
  readonly folder: string;
  install(program: "npm" | "pnpm", names: readonly string[]): Promise<void>;
  /** Runs a module of one text: `.mjs`, or `.cjs` for `require()`. Returns what it prints. */
  run(extension: "mjs" | "cjs", text: string, env?: NodeJS.ProcessEnv): Promise<string>;
  /** Type-checks a module as `moduleResolution` has it, the declarations of the packages included. */
  check(moduleResolution: "bundler" | "nodenext", text: string): Promise<void>;
}

export function createConsumer(folder: string, env: NodeJS.ProcessEnv): Consumer {
  mkdirSync(folder, { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  // A user's pnpm takes a release a day later; here there is none to wait for.
  write(
    "pnpm-workspace.yaml",
    `${JSON.stringify({ ...NO_LIMITS, pmOnFail: "ignore", strictDepBuilds: false, cacheDir: join(folder, ".cache") })}\n`,
  );
  return {
    folder,
    async install(program, names) {
      const quiet = program === "npm" ? ["install", "--no-audit", "--no-fund"] : ["add"];
      await run(program, [...quiet, ...names], { cwd: folder, env });
    },
    async run(extension, text, more = {}) {
      write(`main.${extension}`, text);
      const { stdout } = await run(process.execPath, [`main.${extension}`], { cwd: folder, env: { ...env, ...more } });
      return stdout.trim();
    },
    async check(moduleResolution, text) {
      write("types.ts", text);
      const module = moduleResolution === "bundler" ? "esnext" : "nodenext";
      const compilerOptions = {
        module,
        moduleResolution,
        target: "es2023",
        lib: ["es2024", "esnext.disposable", "dom"],
        strict: true,
        noEmit: true,
      };
      write(
        "tsconfig.json",
        JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, files: ["types.ts"] }),
      );
      const { stdout } = await run(join(root, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder, env }).catch(
        (error: unknown) => error as { stdout: string },
      );
      if (stdout !== "") throw new Error(stdout);
    },
  };
}
