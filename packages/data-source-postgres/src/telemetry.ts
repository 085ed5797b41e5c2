import { createInstrument, createSummarizer, type Instrument, isPatched } from "@org/data-source-core/adapter";
import type { RefreshEvent } from "@org/lakebase-auth";
import { Client } from "pg";
import type { ResolvedPostgresOptions } from "./options.ts";
import { classify } from "./read-only.ts";

/** An OpenTelemetry instrumentation of pg makes spans and metrics of its own: ours would count everything twice. */
export function isDriverInstrumented(): boolean {
  return isPatched(Client.prototype.query);
}

export function createPostgresInstrument(options: ResolvedPostgresOptions): Instrument {
  const { flavour, database, host, port, telemetry } = options;
  return createInstrument({
    system: flavour === "redshift" ? "aws.redshift" : "postgresql",
    namespace: database,
    serverAddress: host,
    serverPort: port,
    ...telemetry,
    summarize: createSummarizer(classify),
    standsDown: isDriverInstrumented,
  });
}

/** Spans of lakebase-auth's refreshes; it knows no OpenTelemetry. */
export interface RefreshSpans {
  readonly onEvent: (event: RefreshEvent) => void;
  /** The first refresh begins with the provider, before there is an instrument for the connection that comes with it. */
  start(instrument: Instrument): void;
}

export function createRefreshSpans(): RefreshSpans {
  const open = new Map<string, ReturnType<Instrument["span"]> | undefined>();
  let instrument: Instrument | undefined;
  const begin = (subject: string): void => void open.set(subject, instrument?.span(`refresh ${subject}`));
  return {
    onEvent: (event) => {
      if (event.type === "refresh-start") begin(event.subject);
      else if (event.type === "refresh-end") {
        open.get(event.subject)?.end(event.error);
        open.delete(event.subject);
      }
    },
    start: (given) => {
      instrument = given;
      for (const subject of open.keys()) begin(subject);
    },
  };
}
