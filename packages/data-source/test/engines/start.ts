import { startBigQuery } from "./bigquery.ts";
import type { Engine, EngineName } from "./engine.ts";
import { startMySql } from "./mysql.ts";
import { startPostgres } from "./postgres.ts";
import { startSnowflake } from "./snowflake.ts";

export const startEngine: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  postgres: startPostgres,
  mysql: startMySql,
  snowflake: startSnowflake,
  bigquery: startBigQuery,
};
