import type { Estimate, Request, StatementOptions } from "@org/data-source-core";
import { observed, resolveRequest, resolveStatementOptions, withSql } from "@org/data-source-core/adapter";
import { dialect } from "./params.ts";
import { deadlineOf, type Engine, type Place, toCall } from "./queryable.ts";
import { readRows } from "./read-rows.ts";
import { checkStatement, classify } from "./read-only.ts";

const explain = "EXPLAIN USING JSON ";

interface Plan {
  readonly GlobalStats?: { readonly bytesAssigned?: number };
}

/** The optimiser's plan: EXPLAIN compiles a statement and does not run it. */
export function createEstimate(engine: Engine, place: Place) {
  return async (request: Request, given?: Omit<StatementOptions, "readOnly">): Promise<Estimate> => {
    const options = resolveStatementOptions(given, place.scope);
    const resolved = resolveRequest(request, dialect);
    checkStatement(resolved.text, "write");
    return observed(engine, { name: "estimate" }, async () => {
      using deadline = deadlineOf(engine, place, options);
      const call = toCall({ ...resolved, text: explain + resolved.text }, options, deadline, Infinity);
      try {
        const [row] = await readRows(place, { ...call, isWrite: false });
        const plan = JSON.parse((row?.[0] ?? "{}") as string) as Plan;
        const bytes = plan.GlobalStats?.bytesAssigned;
        return {
          source: "plan",
          rows: undefined,
          bytesProcessed: bytes === undefined ? undefined : BigInt(bytes),
          cost: undefined,
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
