import type { Instrument, Lifecycle, OperationDetails, Redactor } from "@org/data-source-core/adapter";
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

/** Counts an operation for `close()`, and gives it its span and duration. */
export async function observed<T>(
  { lifecycle, instrument }: Engine,
  details: OperationDetails,
  work: () => Promise<T>,
  rowsOf?: (result: T) => number,
): Promise<T> {
  const leave = lifecycle.enter();
  const operation = instrument.start(details);
  try {
    const result = await operation.run(work);
    operation.end(rowsOf ? { rows: rowsOf(result) } : {});
    return result;
  } catch (error) {
    operation.end({ error });
    throw error;
  } finally {
    leave();
  }
}
