import type { Estimate, Request, StatementOptions } from "@org/data-source-core";
import {
  createDeadline,
  observed,
  resolveRequest,
  resolveStatementOptions,
  withSql,
} from "@org/data-source-core/adapter";
import { planCost, planRows } from "./plan.ts";
import { runQuery } from "./query.ts";
import { dialect, type Engine, type Lease, type Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { checkStatement, classify } from "./read-only.ts";

const explain = "EXPLAIN FORMAT=JSON ";

/** The optimiser's plan. EXPLAIN without ANALYZE runs nothing, and the session is read-only all the same. */
export function createEstimate(engine: Engine, place: Place) {
  return async (request: Request, given?: Omit<StatementOptions, "readOnly">): Promise<Estimate> => {
    const { queryTags, ...options } = resolveStatementOptions(given, place.scope);
    const resolved = resolveRequest(request, dialect);
    checkStatement(resolved.text, { ...place.statements, readOnly: true });
    return observed(engine, { name: "estimate" }, async () => {
      const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "mysql" });
      const read = async ({ connection, end }: Lease): Promise<unknown> => {
        const prefixed = { ...resolved, prefix: explain, rowMode: "array" as const };
        // The server's limit of rows would count in the plan.
        const limits = { maxRows: Infinity, maxBytes: Infinity, rowSchema: undefined };
        const all = { ...options, ...limits, readOnly: true, queryTags };
        const { rows } = await runQuery<[string]>(engine, connection, prefixed, all, undefined, deadline);
        await end();
        return JSON.parse(rows[0]?.[0] ?? "{}") as unknown;
      };
      try {
        const plan = await withReplay(engine, place, deadline, read);
        return {
          source: "plan",
          rows: planRows(plan),
          bytesProcessed: undefined,
          cost: planCost(plan),
          statementType: classify(resolved.text).statements[0]?.verb,
          columns: undefined,
          plan,
        };
      } catch (error) {
        throw withSql(error, resolved);
      }
    });
  };
}
