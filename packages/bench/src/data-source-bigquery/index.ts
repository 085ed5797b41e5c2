import type { Section } from "../section.ts";
import { benchCost } from "./cost.ts";
import { benchQueries } from "./queries.ts";
import { benchStream } from "./stream.ts";

export async function* run(): AsyncIterable<Section> {
  yield await benchQueries();
  yield await benchStream();
  yield await benchCost();
}
