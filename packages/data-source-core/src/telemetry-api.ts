import type * as OpenTelemetry from "@opentelemetry/api";
import { createRequire } from "node:module";

export type OpenTelemetryApi = Pick<
  typeof OpenTelemetry,
  "context" | "metrics" | "SpanKind" | "SpanStatusCode" | "trace"
>;

let loaded: OpenTelemetryApi | null | undefined;

/** The optional peer, loaded when the first data source is created; `undefined` where it is not installed. */
export function loadOpenTelemetry(): OpenTelemetryApi | undefined {
  if (loaded === undefined) {
    try {
      // A second copy than the application's is fine: the API shares its state between copies.
      loaded = createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetryApi;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}
