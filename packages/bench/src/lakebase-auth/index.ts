import type { Section } from "../section.ts";
import { benchCachedCall } from "./cached-call.ts";
import { benchFirstConnections } from "./first-connections.ts";
import { benchFleet } from "./fleet.ts";
import { benchFootprint } from "./footprint.ts";
import { benchOutage } from "./outage.ts";

export async function* run(): AsyncIterable<Section> {
  yield await benchCachedCall();
  yield await benchFootprint();
  yield await benchFirstConnections();
  yield await benchOutage();
  yield await benchFleet();
}
