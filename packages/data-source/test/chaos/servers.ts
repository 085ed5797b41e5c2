// The engines, in a process of their own, so that the clients' memory, timers and sockets can be told apart from theirs.
import type { Engine, EngineName } from "../engines/engine.ts";
import { startEngine } from "../engines/start.ts";
import type { Call, Reply } from "./remote.ts";

const engines = new Map<EngineName, Engine>();

async function handle(call: Call): Promise<unknown> {
  if (call.what === "start") {
    const engine = await startEngine[call.name]();
    engines.set(call.name, engine);
    return { config: engine.config, faults: Object.keys(engine.faults) };
  }
  const engine = engines.get(call.name);
  if (call.what === "fault") await engine?.faults[call.fault]?.();
  return call.what === "open" ? engine?.open() : undefined;
}

async function answer(call: Call): Promise<void> {
  const reply: Reply = await handle(call).then(
    (value) => ({ id: call.id, value }),
    (error: unknown) => ({ id: call.id, error: String(error) }),
  );
  process.send?.(reply);
}

process.on("message", (call: Call) => void answer(call));
process.on("disconnect", () => void Promise.all([...engines.values()].map((engine) => engine[Symbol.asyncDispose]())));
