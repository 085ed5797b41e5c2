import { createRedactor, type Instrument, type Lifecycle, type Redactor } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { toDataSourceError } from "./error-map.ts";
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

/** A part of an operation that takes a request of its own, as an internal span. */
export async function spanned<T>(
  instrument: Pick<Instrument, "span">,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const span = instrument.span(name);
  try {
    const result = await work();
    span.end();
    return result;
  } catch (error) {
    // Of an error, a span tells the codes alone.
    span.end(toDataSourceError(error, { redact: createRedactor([]) }));
    throw error;
  }
}
