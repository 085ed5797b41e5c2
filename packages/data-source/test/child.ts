import { spawn as spawnInTerminal } from "@lydell/node-pty";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const node = ["--conditions=@org/source"];
const cli = [...node, "src/cli.ts"];

type Env = Readonly<Record<string, string>>;

/** Nothing of the surroundings but what a process needs to start, so that no variable of the machine changes a test. */
const environment = (env: Env): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", ...env });

/** A process with pipes, and what it has written so far; killed with the test if it still runs. */
export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** With `null` for its input it waits for one. */
function startNode(args: readonly string[], env: Env, input?: string | null): Child {
  const child = spawn(process.execPath, args, { cwd: folder, env: environment(env), stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (input !== null) child.stdin.end(input);
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}

export const startCli = (args: readonly string[], env: Env, input?: string): Child =>
  startNode([...cli, ...args], env, input);

/** The command line, waiting for its input; on standard error it says "listening" once it listens for signals. */
export function startWaitingCli(args: readonly string[], env: Env): Child {
  const announce = `process.on("newListener", (name) => name === "SIGTERM" && process.stderr.write("listening\\n"))`;
  const preload = `data:text/javascript,${encodeURIComponent(announce)}`;
  return startNode(["--import", preload, ...cli, ...args], env, null);
}

export const runNode = (args: readonly string[], env: Env): Promise<Ended> => endOf(startNode([...node, ...args], env));

export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end, with pipes. */
export const runCli = (args: readonly string[], env: Env, input?: string): Promise<Ended> =>
  endOf(startCli(args, env, input));

async function endOf(child: Child): Promise<Ended> {
  const code = await child.ended;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}

/** The command line on a pseudo-terminal, where both outputs are one. */
export interface TerminalRun extends AsyncDisposable {
  readonly screen: () => string;
  /** As if typed: `\u0003` is Ctrl-C. */
  readonly type: (text: string) => void;
  readonly ended: Promise<number>;
}

export function startCliInTerminal(args: readonly string[], env: Env): TerminalRun {
  const terminal = spawnInTerminal(process.execPath, [...cli, ...args], {
    cwd: folder,
    env: environment(env),
    cols: 200,
  });
  let screen = "";
  let isOver = false;
  terminal.onData((text) => (screen += text));
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      isOver = true;
      resolve(exitCode);
    });
  });
  return {
    screen: () => screen,
    type: (text) => terminal.write(text),
    ended,
    [Symbol.asyncDispose]: async () => {
      if (!isOver) terminal.kill("SIGKILL");
      await ended;
    },
  };
}
