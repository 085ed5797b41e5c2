import type { Catalog, CatalogWarning, IntrospectOptions, IntrospectScope } from "@org/data-source-core";
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
import { buildCatalog } from "./catalog.ts";
import { catalogQueries } from "./catalog-queries.ts";
import type { Connection, Lease } from "./connection.ts";
import { statementError } from "./error-map.ts";
import type { WireRow } from "./exchange.ts";
import { arrayLiteral } from "./literals.ts";
import { learn, run } from "./query.ts";
import type { Engine, Place } from "./queryable.ts";
import { buildRedshiftCatalog } from "./redshift-catalog.ts";
import { type CatalogQuery, redshiftQueries } from "./redshift-catalog-queries.ts";
import { withReplay } from "./replay.ts";
import { addStatistics } from "./statistics.ts";

/** Without these there is no catalog; a failure of any other part becomes a warning. */
const essential: ReadonlySet<string> = new Set(["schemas", "tables", "columns"]);

export function createIntrospect(engine: Engine, place: Place, database: string) {
  return async (givenScope?: IntrospectScope, given?: IntrospectOptions): Promise<Catalog> => {
    const scope = resolveScope(givenScope);
    const options = resolveIntrospectOptions(given, place.scope.defaults);
    const readCatalog = place.flavour === "redshift" ? readRedshift : readPostgres;
    return observed(engine, { name: "introspect" }, async () => {
      // A connection sees one database.
      if (scope.catalogs && !scope.catalogs.includes(database)) return { schemas: [], warnings: [] };
      using waiting = createDeadline({
        timeoutMs: options.statementTimeoutMs,
        signals: [options.signal],
        kind: "postgres",
      });
      const catalog = await withReplay(place, waiting, true, (lease) =>
        readCatalog(createReader(engine, place, lease, options), database, scope),
      );
      return options.statistics ? addStatistics(engine, place, catalog, options, options.statistics) : catalog;
    });
  };
}

async function readPostgres(reader: Reader, database: string, scope: ResolvedScope): Promise<Catalog> {
  const { engine, connection } = reader;
  const values = patterns(scope);
  const texts = catalogQueries(Number.parseInt(connection.parameters.get("server_version") ?? "", 10));
  const read = (part: keyof typeof texts): Promise<readonly WireRow[] | undefined> =>
    reader.read(part, { text: texts[part], values });
  const rows = {
    schemas: (await read("schemas")) ?? [],
    tables: (await read("tables")) ?? [],
    columns: (await read("columns")) ?? [],
    constraints: await read("constraints"),
    indexes: await read("indexes"),
    partitions: await read("partitions"),
  };
  const oids = [...new Set(rows.columns.map((row) => Number(row[2])))].filter((oid) => !engine.types.get(oid));
  if (oids.length > 0) await reader.within((deadline) => learn(engine, connection, "read", { oids }, deadline));
  await reader.end();
  return buildCatalog(engine.types, database, rows, reader.warnings);
}

async function readRedshift(reader: Reader, database: string, scope: ResolvedScope): Promise<Catalog> {
  const queries = redshiftQueries(database, scope);
  const rows: Partial<Record<keyof typeof queries, readonly WireRow[] | undefined>> = {};
  for (const part of Object.keys(queries) as (keyof typeof queries)[]) {
    rows[part] = await reader.read(part, queries[part]);
  }
  await reader.end();
  return buildRedshiftCatalog(database, rows as Required<typeof rows>, reader.warnings);
}

interface Reader {
  readonly engine: Engine;
  readonly connection: Connection;
  readonly warnings: readonly CatalogWarning[];
  /** `undefined`, and a warning: the part could not be read. */
  read(part: string, query: CatalogQuery): Promise<readonly WireRow[] | undefined>;
  within<T>(work: (deadline: Deadline) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

function createReader(engine: Engine, place: Place, lease: Lease, options: ResolvedIntrospectOptions): Reader {
  const { connection } = lease;
  const warnings: CatalogWarning[] = [];
  const within = async <T>(work: (deadline: Deadline) => Promise<T>): Promise<T> => {
    const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
    using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "postgres" });
    return work(deadline);
  };
  return {
    engine,
    connection,
    warnings,
    within,
    read: (part, { text, values }) =>
      within(async (deadline) => {
        const tagged = tagText(text, options.queryTags);
        const main = { text: tagged.text, values, maxRows: 0, isMain: true };
        const { error, rows } = await run(connection, "read", main, deadline, true);
        if (!error) return rows;
        await connection.settle();
        const failure = statementError(error, { redact: engine.redact, deadline });
        if (essential.has(part) || deadline.signal.aborted) throw failure;
        warnings.push({ part, message: failure.message, schema: undefined, table: undefined });
        return undefined;
      }),
    end: async () => {
      await lease.end();
    },
  };
}

/** Bound as arrays; null includes everything. */
function patterns({ schemas, tables }: ResolvedScope): (string | null)[] {
  return [schemas, tables].flatMap(({ include, exclude }) => [
    include ? arrayLiteral(include) : null,
    arrayLiteral(exclude),
  ]);
}
