import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { openLakebase } from "./lakebase.ts";
import { openNotes } from "./notes.ts";
import { createWebServer } from "./server.ts";
import { openWarehouse } from "./warehouse.ts";

const lakebase = openLakebase();
const warehouse = openWarehouse();
const notes = await openNotes(lakebase.db);
const server = createWebServer({ lakebase, notes, warehouse });

server.listen(Number(process.env["PORT"] ?? 8000), process.env["HOST"] ?? "127.0.0.1");
await once(server, "listening");
console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

async function stop(): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  await closed;
  await Promise.all([lakebase.close(), warehouse.close()]);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
