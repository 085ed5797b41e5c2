import type { Section } from "../section.ts";
import { benchExpiries } from "./expiries.ts";
import { benchHealthySession } from "./healthy-session.ts";
import { benchStreaming } from "./streaming.ts";

export async function* run(): AsyncIterable<Section> {
  yield await benchHealthySession();
  yield await benchExpiries();
  yield await benchStreaming();
}
