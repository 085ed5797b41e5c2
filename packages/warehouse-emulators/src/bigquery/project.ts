import type { Executed, Plan } from "./engine.ts";
import { createEngine } from "./engine.ts";
import { duckTypeOfField, type Field } from "./field.ts";
import { views } from "./information-schema.ts";
import type { QuerySetting, Verdict } from "./job.ts";
import { Problem } from "./problem.ts";
import { createScripts, scriptedRows, type Script, type ScriptedAnswer } from "./script.ts";
import { splitStatements, tokenizeSql, type SqlToken } from "./sql-text.ts";
import { statementTypeOf } from "./statement-type.ts";
import { createTables, tableKey, type DatasetDefinition, type TableDefinition, type Tables } from "./tables.ts";

/** The project's data: what SQL can ask for and how it is answered. */
export interface Project {
  readonly tables: Tables;
  defineDataset(definition: DatasetDefinition): Promise<void>;
  defineTable(definition: TableDefinition): Promise<void>;
  script(script: Script): void;
  /** Checks the text; what a dry run says. */
  plan(setting: QuerySetting): Promise<Verdict & Plan>;
  run(setting: QuerySetting, signal: AbortSignal): Promise<Executed>;
  close(): void;
}

export async function createProject(options: {
  readonly projectId: string;
  readonly location: string;
}): Promise<Project> {
  const { projectId } = options;
  const engine = await createEngine(projectId);
  const tables = createTables();
  const scripts = createScripts();
  const bytesOf = (tokens: readonly SqlToken[], defaultDataset: string | undefined): bigint => {
    const names = new Set(tokens.flatMap((token) => token.raw.replaceAll("`", "").split(".")));
    let bytes = 0;
    for (const { dataset, table, bytes: size = 0 } of tables.all.values()) {
      if (names.has(table) && (names.has(dataset) || dataset === defaultDataset)) bytes += size;
    }
    return BigInt(bytes);
  };
  const defineDataset = async (definition: DatasetDefinition): Promise<void> => {
    tables.datasets.set(definition.dataset, { location: options.location, ...definition });
    await engine.raw(`create schema if not exists "${definition.dataset}"`);
  };

  /** Makes the views of INFORMATION_SCHEMA that the statement names, with what is there now. */
  const materialize = async (tokens: readonly SqlToken[]): Promise<void> => {
    // By tokens: a pattern over the text would take quadratic time on a long literal.
    const names = tokens.flatMap((token) => (token.kind === "identifier" ? token.value.split(".") : [token.raw]));
    const parts = names.filter((name) => name !== ".");
    for (const [index, part] of parts.entries()) {
      if (part.toUpperCase() !== "INFORMATION_SCHEMA") continue;
      const [scope = "", name = ""] = [parts[index - 1], parts[index + 1]];
      const view = views[name.toUpperCase()];
      if (!view) throw new Problem("notImplemented", `BigQuery emulator: no INFORMATION_SCHEMA.${name}`);
      const region = /^region-(.+)$/i.exec(scope)?.[1]?.toLowerCase();
      if ((view.only === "region" && region === undefined) || (view.only === "dataset" && region !== undefined)) {
        throw new Problem("invalidQuery", `INFORMATION_SCHEMA.${name} needs a ${view.only} qualifier`);
      }
      if (region === undefined && !tables.datasets.has(scope)) {
        throw new Problem("notFound", `Not found: Dataset ${projectId}:${scope} was not found`);
      }
      const inScope = [...tables.all.values()].filter(({ dataset }) =>
        region === undefined ? dataset === scope : tables.datasets.get(dataset)?.location.toLowerCase() === region,
      );
      const schema = `"${scope}.INFORMATION_SCHEMA"`;
      const lines = inScope.flatMap((table) => view.lines(table, tables));
      await engine.raw(`create schema if not exists ${schema}`);
      await engine.raw(
        `create or replace table ${schema}."${name.toUpperCase()}" (table_catalog varchar, ${view.columns})`,
      );
      for (const line of lines) {
        const values: Readonly<Record<string, string | number | null>> = { table_catalog: projectId, ...line };
        const texts = Object.values(values).map((value) => (value === null ? "null" : literal(String(value))));
        await engine.raw(
          `insert into ${schema}."${name.toUpperCase()}" (${Object.keys(values).join(", ")}) values (${texts.join(", ")})`,
        );
      }
    }
  };

  /** DDL in SQL makes and drops tables behind our back. */
  const synchronize = async (): Promise<void> => {
    const rows = await engine.raw(
      "select schema_name, table_name, column_name, data_type, is_nullable from duckdb_columns() where not internal order by table_oid, column_index",
    );
    const found = new Map<string, { dataset: string; table: string; schema: Field[] }>();
    for (const [dataset, table, column, type, nullable] of rows as readonly [
      string,
      string,
      string,
      string,
      boolean,
    ][]) {
      if (!tables.datasets.has(dataset)) continue;
      const key = tableKey(dataset, table);
      const entry = found.get(key) ?? { dataset, table, schema: [] };
      found.set(key, entry);
      entry.schema.push({ name: column, type: bigQueryType(type), mode: nullable ? "NULLABLE" : "REQUIRED" });
    }
    for (const [key, entry] of found) if (!tables.all.has(key)) tables.all.set(key, entry);
    for (const key of tables.all.keys()) if (!found.has(key)) tables.all.delete(key);
  };

  return {
    tables,
    defineDataset,
    defineTable: async (definition) => {
      const { dataset, table, schema } = definition;
      if (!tables.datasets.has(dataset)) await defineDataset({ dataset });
      const columns = schema.map((field) => `"${field.name}" ${duckTypeOfField(field)}`).join(", ");
      await engine.raw(`create or replace table "${dataset}"."${table}" (${columns})`);
      tables.all.set(tableKey(dataset, table), definition);
    },
    script: (script) => scripts.add(script),
    plan: async (setting) => {
      const tokens = tokenizeSql(setting.sql);
      const scripted = scripts.find(setting.sql, false);
      const statementType = scripted?.statementType ?? statementTypeOf(tokens);
      if (scripted) {
        if (scripted.invalid && scripted.error) throw new Problem(scripted.error.reason, scripted.error.message);
        const undeclared = (scripted.undeclaredParameters ?? []).map(({ name, type }) => ({
          ...(name === undefined ? {} : { name }),
          parameterType: { type },
          parameterValue: {},
        }));
        return {
          statementType,
          bytesProcessed: BigInt(scripted.bytesProcessed ?? 0),
          fields: scripted.schema,
          undeclared,
        };
      }
      if (/^[A-Z]+$/.test(statementType) && !verbs.has(statementType)) {
        throw new Problem("invalidQuery", `Syntax error: Unexpected identifier "${tokens[0]?.raw}" at [1:1]`);
      }
      const bytesProcessed = bytesOf(tokens, setting.defaultDataset);
      if (!planned.has(statementType)) return { statementType, bytesProcessed, fields: undefined, undeclared: [] };
      await materialize(tokens);
      const { sql, parameters, defaultDataset } = setting;
      return { statementType, bytesProcessed, ...(await engine.plan({ sql, tokens, parameters, defaultDataset })) };
    },
    run: async (setting, signal) => {
      const scripted = scripts.find(setting.sql, true);
      if (scripted) return await runScripted(scripted, signal);
      const tokens = tokenizeSql(setting.sql);
      const statementType = statementTypeOf(tokens);
      if (!executable.has(statementType)) {
        throw new Problem("notImplemented", `BigQuery emulator: ${statementType} is not run; script an answer for it`);
      }
      const { sql, parameters, defaultDataset } = setting;
      if (splitStatements(tokens).length > 1)
        throw new Problem("notImplemented", "BigQuery emulator: one statement at a time");
      const executed = await engine.run({ sql, tokens, parameters, defaultDataset }, signal);
      if (statementType.startsWith("CREATE") || statementType.startsWith("DROP")) await synchronize();
      return executed;
    },
    close: () => engine.close(),
  };
}

/** One-word statement types; other words begin no statement. */
const verbs = new Set(
  "SELECT INSERT UPDATE DELETE MERGE CALL ASSERT SCRIPT GRANT REVOKE EXPLAIN DESCRIBE SHOW UNDROP CLONE".split(" "),
);
/** What DuckDB can prepare. */
const planned = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);
const executable = new Set([
  ...planned,
  "CREATE_TABLE",
  "CREATE_TABLE_AS_SELECT",
  "DROP_TABLE",
  "CREATE_VIEW",
  "DROP_VIEW",
]);

async function runScripted(reply: ScriptedAnswer, signal: AbortSignal): Promise<Executed> {
  const ends: Promise<unknown>[] = [];
  if (reply.until) ends.push(reply.until);
  let timer: NodeJS.Timeout | undefined;
  if (reply.durationMs !== undefined) {
    ends.push(
      new Promise((resolve) => {
        timer = setTimeout(resolve, reply.durationMs);
        signal.addEventListener("abort", resolve);
      }),
    );
  }
  if (ends.length > 0) await Promise.race(ends);
  clearTimeout(timer);
  signal.throwIfAborted();
  if (reply.error) throw new Problem(reply.error.reason, reply.error.message);
  const rows = scriptedRows(reply.schema ?? [], reply.rows ?? []);
  return { fields: reply.schema, rows, rowsAffected: reply.rowsAffected };
}

const typeNames: readonly (readonly [RegExp, string])[] = [
  [/^(?:BIG|INTEGER|SMALL|TINY|HUGE)/, "INTEGER"],
  [/^(?:DOUBLE|FLOAT)/, "FLOAT"],
  [/^DECIMAL/, "NUMERIC"],
  [/^TIMESTAMP WITH TIME ZONE/, "TIMESTAMP"],
  [/^TIMESTAMP/, "DATETIME"],
  [/^BLOB/, "BYTES"],
  [/^(BOOLEAN|DATE|TIME|JSON|INTERVAL)/, ""],
];

function bigQueryType(duckType: string): string {
  for (const [pattern, name] of typeNames) {
    const found = pattern.exec(duckType);
    if (found) return name === "" ? (found[1] as string) : name;
  }
  return "STRING";
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
