import { type Catalog, type CatalogWarning, type IntrospectOptions, type IntrospectScope } from "@org/data-source-core";
import {
  createDeadline,
  type Deadline,
  observed,
  type ResolvedIntrospectOptions,
  type ResolvedScope,
  resolveIntrospectOptions,
  resolveScope,
  tagText,
} from "@org/data-source-core/adapter";
import { buildCatalog, type CatalogRows } from "./catalog.ts";
import { type CatalogPart, catalogQueries } from "./catalog-queries.ts";
import type { Connection, Lease } from "./connection.ts";
import { statementError } from "./error-map.ts";
import type { WireRow, WireValue } from "./exchange.ts";
import { arrayLiteral } from "./literals.ts";
import { learn, run } from "./query.ts";
import type { Engine, Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { addStatistics } from "./statistics.ts";

type Part = CatalogPart;

/** Without these there is no catalog; a failure of any other part becomes a warning. */
const essential: readonly Part[] = ["schemas", "tables", "columns"];

export function createIntrospect(engine: Engine, place: Place, database: string) {
  return async (givenScope?: IntrospectScope, given?: IntrospectOptions): Promise<Catalog> => {
    const scope = resolveScope(givenScope);
    const options = resolveIntrospectOptions(given, place.scope.defaults);
    return observed(engine, { name: "introspect" }, async () => {
      // A connection sees one database.
      if (scope.catalogs && !scope.catalogs.includes(database)) return { schemas: [], warnings: [] };
      const { rows, warnings } = await readOnce(engine, place, scope, options);
      const catalog = buildCatalog(engine.types, database, rows, warnings);
      return options.statistics ? addStatistics(engine, place, catalog, options, options.statistics) : catalog;
    });
  };
}

interface Parts {
  readonly rows: CatalogRows;
  readonly warnings: CatalogWarning[];
}

async function readOnce(
  engine: Engine,
  place: Place,
  scope: ResolvedScope,
  options: ResolvedIntrospectOptions,
): Promise<Parts> {
  using waiting = createDeadline({
    timeoutMs: options.statementTimeoutMs,
    signals: [options.signal],
    kind: "postgres",
  });
  return await withReplay(place, waiting, true, (lease) => readParts(engine, place, lease, scope, options));
}

async function readParts(
  engine: Engine,
  place: Place,
  lease: Lease,
  scope: ResolvedScope,
  options: ResolvedIntrospectOptions,
): Promise<Parts> {
  const warnings: CatalogWarning[] = [];
  const values = patterns(scope);
  const within = async <T>(work: (connection: Connection, deadline: Deadline) => Promise<T>): Promise<T> => {
    const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
    using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "postgres" });
    return work(lease.connection, deadline);
  };
  const texts = catalogQueries(Number.parseInt(lease.connection.parameters.get("server_version") ?? "", 10));
  const read = (part: Part): Promise<readonly WireRow[] | undefined> =>
    within(async (connection, deadline) => {
      const tagged = tagText(texts[part], options.queryTags);
      const main = { text: tagged.text, values, maxRows: 0, isMain: true };
      const { error, rows } = await run(connection, "read", main, deadline, true);
      if (!error) return rows;
      await connection.settle();
      const failure = statementError(error, { redact: engine.redact, deadline });
      if (essential.includes(part) || deadline.signal.aborted) throw failure;
      warnings.push({ part, message: failure.message, schema: undefined, table: undefined });
      return undefined;
    });
  const rows: CatalogRows = {
    schemas: (await read("schemas")) ?? [],
    tables: (await read("tables")) ?? [],
    columns: (await read("columns")) ?? [],
    constraints: await read("constraints"),
    indexes: await read("indexes"),
    partitions: await read("partitions"),
  };
  const oids = [...new Set(rows.columns.map((row) => Number(row[2])))].filter((oid) => !engine.types.get(oid));
  if (oids.length > 0) await within((connection, deadline) => learn(engine, connection, "read", { oids }, deadline));
  await lease.end();
  return { rows, warnings };
}

/** Bound as arrays; null includes everything. */
function patterns({ schemas, tables }: ResolvedScope): WireValue[] {
  return [schemas, tables].flatMap(({ include, exclude }) => [
    include ? arrayLiteral(include) : null,
    arrayLiteral(exclude),
  ]);
}
