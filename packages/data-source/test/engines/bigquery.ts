import { type BigQueryEmulator, startBigQueryEmulator } from "@org/warehouse-emulators/bigquery";
import { generateKeyPairSync } from "node:crypto";
import type { Engine } from "./engine.ts";

const email = "tests@test-project.iam.gserviceaccount.com";

export async function startBigQuery(): Promise<Engine & { readonly emulator: BigQueryEmulator }> {
  const emulator = await startBigQueryEmulator();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  emulator.identity.trustKey(email, publicKey);
  const serviceAccountKey = { client_email: email, private_key: privateKey };
  await emulator.defineDataset({ dataset: "shop" });
  // DuckDB, which is behind it, cannot sleep.
  emulator.script({
    sql: /^select '(\w+)' as tag \/\* for ([\d.]+) s \*\/$/,
    answer: ([, tag = "", seconds]) => ({
      schema: [{ name: "tag", type: "STRING" }],
      rows: [[tag]],
      durationMs: 1000 * Number(seconds),
    }),
  });
  const { projectId, url } = emulator;
  const onQueries = { on: "jobs.query" } as const;
  return {
    emulator,
    config: { kind: "bigquery", projectId, dataset: "shop", apiEndpoint: url, credentials: { serviceAccountKey } },
    faults: {
      "cut a request": () => emulator.fault({ ...onQueries, kind: "cut-request" }),
      "lose a reply": () => emulator.fault({ ...onQueries, kind: "cut-reply" }),
      "fail in the backend": () => emulator.fault({ ...onQueries, kind: "error", reason: "backendError" }),
      "limit the rate": () => emulator.fault({ ...onQueries, kind: "error", reason: "rateLimitExceeded" }),
    },
    open: () => Promise.resolve(emulator.jobs.filter(({ state }) => state !== "DONE").length),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}
