import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export interface Server extends Disposable {
  readonly url: string;
  /** What the emulator has counted. */
  counts(): Promise<{ readonly bytesBilled: string; readonly jobs: number }>;
}

export async function startServer(): Promise<Server> {
  const child = fork(join(import.meta.dirname, "emulator-process.ts"), {
    execArgv: ["--conditions=@org/source"],
  });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return {
    url,
    counts: async () => {
      const reply = once(child, "message");
      child.send("counts");
      const [counts] = (await reply) as [{ bytesBilled: string; jobs: number }];
      return counts;
    },
    [Symbol.dispose]: () => {
      child.disconnect();
    },
  };
}
