// A registry on loopback, in a process of its own that ends with the one that started it.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { runServer } from "verdaccio";

async function start(config: Parameters<typeof runServer>[0]): Promise<void> {
  const app = (await runServer(config)) as Server;
  const server = app.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}
process.once("message", (config: Parameters<typeof runServer>[0]) => void start(config));
process.once("disconnect", () => process.exit());
