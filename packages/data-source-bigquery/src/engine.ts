import type { Instrument, Lifecycle, Redactor } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import type { Jobs } from "./job.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Gate } from "./read-only.ts";

/** What all calls of one data source share. */
export interface Engine {
  readonly options: ResolvedOptions;
  readonly connection: Connection;
  readonly gate: Gate;
  readonly jobs: Jobs;
  readonly lifecycle: Lifecycle;
  readonly instrument: Instrument;
  readonly redact: Redactor;
}
