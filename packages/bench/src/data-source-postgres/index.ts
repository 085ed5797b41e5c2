import { startLakebaseEmulator } from "@org/lakebase-emulator";
import type { Section } from "../section.ts";
import { benchIntrospection } from "./introspection.ts";
import { benchSelectOne } from "./select-one.ts";
import { benchStreaming } from "./streaming.ts";

export async function* run(): AsyncIterable<Section> {
  await using emulator = await startLakebaseEmulator();
  yield await benchSelectOne(emulator);
  yield await benchStreaming(emulator);
  yield await benchIntrospection(emulator);
}
