import { startBigQuery } from "./bigquery.ts";
import type { Engine, EngineName } from "./engine.ts";
import { startPostgres } from "./postgres.ts";

export const startEngine: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  postgres: startPostgres,
  bigquery: startBigQuery,
};
