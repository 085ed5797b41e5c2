import type { DataSourceConfig } from "@org/data-source";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { EngineName } from "../engines/engine.ts";

export type Call = { readonly id: number; readonly name: EngineName } & (
  | { readonly what: "start" | "open" }
  | { readonly what: "fault"; readonly fault: string }
);
type Question = Call extends infer C ? (C extends Call ? Omit<C, "id"> : never) : never;

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** An engine in the servers' process. */
export interface RemoteEngine {
  readonly name: EngineName;
  readonly config: DataSourceConfig;
  readonly faults: readonly string[];
  fault(name: string): Promise<void>;
  open(): Promise<number>;
}

export interface Servers extends AsyncDisposable {
  start(name: EngineName): Promise<RemoteEngine>;
}

export function startServers(): Servers {
  const child = fork(fileURLToPath(new URL("servers.ts", import.meta.url)), { execArgv: ["--conditions=@org/source"] });
  const ask = createAsk(child);
  const exited = once(child, "exit");
  return {
    start: async (name) => {
      const { config, faults } = (await ask({ what: "start", name })) as Pick<RemoteEngine, "config" | "faults">;
      return {
        name,
        config,
        faults,
        fault: async (fault) => void (await ask({ what: "fault", name, fault })),
        open: async () => (await ask({ what: "open", name })) as number,
      };
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function createAsk(child: ChildProcess): (question: Question) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on("message", ({ id, value, error }: Reply) => {
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  child.once("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The servers' process ended with ${String(code)}`));
  });
  return (question) => {
    lastId += 1;
    const reply = Promise.withResolvers<unknown>();
    waiting.set(lastId, reply);
    child.send({ id: lastId, ...question });
    return reply.promise;
  };
}
