import type { Estimate, Request, StatementOptions } from "@org/data-source-core";
import { type CallScope, createDeadline, observed, resolveStatementOptions } from "@org/data-source-core/adapter";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import { prepare } from "./statement.ts";
import { columnsOf } from "./type-map.ts";

/** A dry run: free, and never remembered, since what a statement reads changes. */
export function createEstimate(engine: Engine, scope: CallScope) {
  return async (request: Request, given?: Omit<StatementOptions, "readOnly">): Promise<Estimate> => {
    const options = resolveStatementOptions(given, scope);
    const prepared = prepare(request, options.queryTags, engine.options);
    return await observed(engine, { name: "estimate", text: prepared.request.text }, async () => {
      const signals = [options.signal, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "bigquery" });
      try {
        const { bytesProcessed, statementType, fields } = await engine.gate.dryRun(prepared.statement, deadline);
        return {
          source: "dry-run" as const,
          rows: undefined,
          bytesProcessed,
          cost: undefined,
          statementType,
          columns: fields && columnsOf(fields),
          plan: undefined,
        };
      } catch (error) {
        throw toDataSourceError(error, { redact: engine.redact, request: prepared.request });
      }
    });
  };
}
