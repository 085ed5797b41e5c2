import { startMySqlServer } from "@org/warehouse-emulators/mysql";
import type { Section } from "../section.ts";
import { benchIntrospection } from "./introspection.ts";
import { benchPointQuery } from "./point-query.ts";
import { benchStreaming } from "./streaming.ts";

export async function* run(): AsyncIterable<Section> {
  const server = await startMySqlServer();
  try {
    yield await benchPointQuery(server);
    yield await benchStreaming(server);
    yield await benchIntrospection(server);
  } finally {
    await server.close();
  }
}
