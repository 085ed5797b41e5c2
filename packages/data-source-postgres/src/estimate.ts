import { type Estimate, type Request, type StatementOptions, ValidationError } from "@org/data-source-core";
import {
  createDeadline,
  observed,
  resolveRequest,
  resolveStatementOptions,
  withSql,
} from "@org/data-source-core/adapter";
import type { Lease } from "./connection.ts";
import type { WireRow } from "./exchange.ts";
import { run, prepare } from "./query.ts";
import { dialect, type Engine, type Place } from "./queryable.ts";
import { checkStatement, classify } from "./read-only.ts";
import { readTextPlan } from "./redshift-estimate.ts";
import { isExplainable } from "./redshift-read-only.ts";
import { withReplay } from "./replay.ts";

const explain = { postgres: "EXPLAIN (FORMAT JSON) ", redshift: "EXPLAIN " };

interface Plan {
  readonly "Plan Rows"?: number;
  readonly "Total Cost"?: number;
}

/** The optimiser's plan. EXPLAIN without ANALYZE runs nothing, and a read-only transaction is around it all the same. */
export function createEstimate(engine: Engine, place: Place) {
  return async (request: Request, given?: Omit<StatementOptions, "readOnly">): Promise<Estimate> => {
    const options = resolveStatementOptions(given, place.scope);
    const resolved = resolveRequest(request, dialect);
    const { flavour } = place;
    checkStatement(resolved.text, "write", flavour);
    if (flavour === "redshift" && !isExplainable(resolved.text)) throw notExplainable();
    return observed(engine, { name: "estimate" }, async () => {
      const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "postgres" });
      const explained = async (lease: Lease): Promise<Estimate> => {
        const prefixed = { ...resolved, text: explain[flavour] + resolved.text };
        const { step, toError } = await prepare(engine, lease.connection, "read", prefixed, options, deadline);
        const main = { ...step, maxRows: 0, isMain: true };
        const { error, rows } = await run(lease.connection, "read", main, deadline, true);
        if (error) throw toError(error);
        await lease.end();
        return {
          source: "plan",
          bytesProcessed: undefined,
          statementType: classify(resolved.text).statements[0]?.verb,
          columns: undefined,
          ...(flavour === "redshift" ? readTextPlan(rows) : readPlan(rows)),
        };
      };
      try {
        return await withReplay(place, deadline, true, explained);
      } catch (error) {
        throw withSql(error, resolved);
      }
    });
  };
}

function readPlan(rows: readonly WireRow[]): Pick<Estimate, "rows" | "cost" | "plan"> {
  const [plan] = JSON.parse(rows[0]?.[0] ?? "[]") as { readonly Plan?: Plan }[];
  return { rows: plan?.Plan?.["Plan Rows"], cost: plan?.Plan?.["Total Cost"], plan };
}

function notExplainable(): ValidationError {
  return new ValidationError("Redshift explains SELECT, INSERT, UPDATE, DELETE and CREATE TABLE AS only", "text", {
    kind: "postgres",
  });
}
