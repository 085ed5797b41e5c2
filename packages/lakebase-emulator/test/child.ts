import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** A Node process on the sources, with what it wrote; it is killed with the test if it still runs. */
export function runNode(
  args: string[],
  options: SpawnOptions = {},
): AsyncDisposable & { child: ChildProcess; lines: AsyncIterator<string>; errors: () => string } {
  const child = spawn(process.execPath, ["--conditions=@org/source", ...args], {
    cwd: PACKAGE,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  if (child.stdout === null) throw new Error("stdout must be a pipe");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    lines,
    errors: () => errors,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The next line, or what the process complained about instead. */
export async function nextLine(run: ReturnType<typeof runNode>): Promise<string> {
  const { value, done } = await run.lines.next();
  if (done === true) throw new Error(`the process ended without a line: ${run.errors()}`);
  return value;
}

export async function exitOf({ child }: ReturnType<typeof runNode>): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return code ?? signal;
}

/** What a running server consists of. */
export interface Server {
  directory: string;
  pid: number;
}

/** Found through a file in its directory. */
export function serverOf(file: string): Server {
  const directory = dirname(file);
  return { directory, pid: Number(readFileSync(join(directory, "data/postmaster.pid"), "utf8").split("\n")[0]) };
}

/** Waits until neither process nor directory is left. */
export async function expectGone({ directory, pid }: Server): Promise<void> {
  await expect.poll(() => [isAlive(pid), existsSync(directory)], { timeout: 20_000 }).toEqual([false, false]);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
