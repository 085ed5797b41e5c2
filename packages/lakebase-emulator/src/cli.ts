#!/usr/bin/env node
import { parseArgs } from "node:util";
import { parseDuration } from "./duration.ts";
import type { LakebaseEmulatorOptions } from "./options.ts";
import { startLakebaseEmulator } from "./start.ts";

const USAGE = `Usage: lakebase-emulator [options]

Starts a local Lakebase, prints the environment for programs that use it, and runs until Ctrl-C.

  --port <n>             port of the database (default: a free one)
  --api-port <n>         port of the workspace API (default: a free one)
  --token-life <time>    life of a database credential: 10s, 500ms, 5m, 1h (default: 1h, at least 1s)
  --postgres <16|17|18>  Postgres version (default: 18)
  --error-style <style>  how a rejected login reads: stock or proxy (default: stock)
  --help                 this text
`;

function readOptions(): LakebaseEmulatorOptions | undefined {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      "api-port": { type: "string" },
      "token-life": { type: "string" },
      postgres: { type: "string" },
      "error-style": { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const tokenLife = values["token-life"];
  const errorStyle = values["error-style"];
  return {
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values["api-port"] === undefined ? {} : { apiPort: Number(values["api-port"]) }),
    ...(tokenLife === undefined ? {} : { tokenLifeMs: parseDuration("--token-life", tokenLife) }),
    // What these two may be is checked, with all else, when the emulator starts.
    ...(values.postgres === undefined ? {} : { postgresVersion: Number(values.postgres) as 18 }),
    ...(errorStyle === undefined ? {} : { errorStyle: errorStyle as "stock" }),
  };
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  // Registered first: a signal during the start must not leave a half-started server.
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);

  const emulator = await startLakebaseEmulator(options);
  for (const [name, value] of Object.entries(emulator.env)) console.log(`export ${name}=${quote(value)}`);
  console.error(`Lakebase emulator: workspace ${emulator.workspaceHost}, database ${emulator.host}:${emulator.port}.`);
  console.error("Copy the lines above into the shell of the program that should use it. Ctrl-C stops it.");
  await stopped;
  await emulator.close();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
