import type { Redactor } from "@org/data-source-core/adapter";
import { notWritten } from "./error-map.ts";
import type { ResolvedOptions } from "./options.ts";

/** Acquire, release, reconnect, close: the one file that knows the driver's connections. */
export interface Connection {
  /** Runs one statement on a connection of the pool. */
  run(text: string): Promise<never>;
  close(): Promise<void>;
}

export function createConnection(_options: ResolvedOptions, _redact: Redactor): Connection {
  return {
    run: () => Promise.reject(notWritten("connection")),
    close: () => Promise.resolve(),
  };
}
