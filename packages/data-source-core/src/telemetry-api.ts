import { createRequire } from "node:module";

let loaded: object | null | undefined;

/**
 * The optional peer, loaded when the first data source is created; `undefined` where it is not installed. The caller
 * knows its type: declarations that import it would not type-check for users who do not have it.
 */
export function loadOpenTelemetry(): object | undefined {
  if (loaded === undefined) {
    try {
      // A second copy than the application's is fine: the API shares its state between copies.
      loaded = createRequire(import.meta.url)("@opentelemetry/api") as object;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}
