import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs sources, without a build. */
export const NODE: readonly string[] = [
  process.execPath,
  "--conditions=@org/source",
  "--disable-warning=ExperimentalWarning",
];

/** Runs one of the programs beside this file to its end, however it ends. It does not outlive its test. */
export async function runChild(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  [command = "", ...args]: readonly string[] = NODE,
): Promise<Ended> {
  const startedMs = performance.now();
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { PATH, HOME } = process.env;
  const child = spawn(command, [...args, file], {
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  child.once("error", reject);
  child.once("close", (code, signal) =>
    resolve({ code, signal, stdout, stderr, durationMs: performance.now() - startedMs }),
  );
  return await promise;
}
