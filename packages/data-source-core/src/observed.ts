import { isDataSourceError } from "./errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ResolvedRequest } from "./resolve-request.ts";
import type { Instrument, OperationDetails } from "./telemetry.ts";

/** Counts an operation for `close()`, and gives it its span and duration. */
export async function observed<T>(
  { lifecycle, instrument }: { readonly lifecycle: Lifecycle; readonly instrument: Instrument },
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

/** Adds the statement for whoever debugs; not enumerable, so that no logger prints it. */
export function withSql(error: unknown, { text, params }: ResolvedRequest): unknown {
  if (isDataSourceError(error)) {
    const hidden = { enumerable: false, writable: true, configurable: true };
    Object.defineProperty(error, "sql", { value: text, ...hidden });
    Object.defineProperty(error, "params", { value: params, ...hidden });
  }
  return error;
}
