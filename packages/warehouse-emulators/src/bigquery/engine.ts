import {
  DuckDBInstance,
  DuckDBTypeId,
  StatementType,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
} from "@duckdb/node-api";
import { macros, rewrite } from "./dialect.ts";
import { cellOf, fieldOf, parameterTypeOf, type Cell } from "./duck-values.ts";
import { duckTypeOfParameter, type Field, type ParameterType } from "./field.ts";
import { Problem } from "./problem.ts";
import { problemOf } from "./duck-problem.ts";
import type { SqlToken } from "./sql-text.ts";

export interface QueryParameter {
  readonly name?: string;
  readonly parameterType: ParameterType;
  readonly parameterValue: ParameterValue;
}

export interface ParameterValue {
  /** The client sends numbers as numbers. */
  readonly value?: string | number | boolean | null;
  readonly arrayValues?: readonly ParameterValue[];
  readonly structValues?: Readonly<Record<string, ParameterValue>>;
}

/** Rows of a finished statement, turned into cells only as they are read. */
export interface Rows {
  readonly count: number;
  read(offset: number, count: number): readonly { readonly f: readonly Cell[] }[];
}

export interface Executed {
  readonly fields: readonly Field[] | undefined;
  readonly rows: Rows;
  readonly rowsAffected: number | undefined;
}

export interface Plan {
  readonly fields: readonly Field[] | undefined;
  readonly undeclared: readonly QueryParameter[];
}

export interface StatementSetting {
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  readonly parameters: readonly QueryParameter[];
  readonly defaultDataset: string | undefined;
}

/** DuckDB as the engine for plain SQL. */
export interface Engine {
  /** Checks a statement and describes its result, without running it. */
  plan(setting: StatementSetting): Promise<Plan>;
  /** Runs it until done or aborted. */
  run(setting: StatementSetting, signal: AbortSignal): Promise<Executed>;
  /** DuckDB's own SQL, for the emulator itself. */
  raw(sql: string): Promise<readonly (readonly unknown[])[]>;
  close(): void;
}

export async function createEngine(projectId: string): Promise<Engine> {
  // No extension is fetched and no file is read, whatever the SQL says.
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    enable_external_access: "false",
    threads: "1",
  });
  const own = await instance.connect();
  await own.run("set global TimeZone = 'UTC'");
  for (const macro of macros) await own.run(macro);

  const withStatement = async <T>(
    setting: StatementSetting,
    work: (prepared: DuckDBPreparedStatement, connection: DuckDBConnection, emptied: Emptied) => Promise<T>,
  ): Promise<T> => {
    const connection = await instance.connect();
    try {
      const { tokens, parameters, defaultDataset } = setting;
      if (defaultDataset !== undefined) await connection.run(`set schema = '${defaultDataset.replaceAll("'", "''")}'`);
      const declared = createParameters(parameters);
      const places = tokens.filter((token) => token.raw === "?").length;
      if (parameters.some((parameter) => parameter.name === undefined) && parameters.length !== places) {
        throw new Problem("invalidQuery", `Query has ${places} positional parameters; got ${parameters.length}`);
      }
      const sql = rewrite(tokens, { projectId, parameter: declared.place });
      try {
        const prepared = await connection.prepare(sql);
        declared.bind(prepared);
        return await work(prepared, connection, async () => {
          // Some types are only known once the parameters have values.
          const empty = await connection.prepare(`select * from (${sql}) limit 0`);
          for (let index = 1; index <= empty.parameterCount; index += 1) empty.bindNull(index);
          declared.bind(empty);
          return await empty.run();
        });
      } catch (error) {
        throw problemOf(error, setting.sql, projectId);
      }
    } finally {
      connection.closeSync();
    }
  };
  return {
    plan: (setting) =>
      withStatement(setting, async (prepared, _connection, emptied) => {
        const undeclared: QueryParameter[] = [];
        for (let index = 1; index <= prepared.parameterCount; index += 1) {
          const name = prepared.parameterName(index);
          const positional = /^\d+$/.test(name);
          if (!positional && setting.parameters.some((given) => given.name?.toLowerCase() === name.toLowerCase()))
            continue;
          if (positional && setting.parameters.length > 0) continue;
          // DuckDB has no type where any would do.
          const isKnown = prepared.parameterTypeId(index) !== DuckDBTypeId.INVALID;
          const type = (isKnown ? parameterTypeOf(prepared.parameterType(index)) : undefined) ?? { type: "STRING" };
          undeclared.push({ ...(positional ? {} : { name }), parameterType: type, parameterValue: {} });
        }
        if (prepared.statementType !== StatementType.SELECT) return { fields: undefined, undeclared };
        const isUnresolved = Array.from({ length: prepared.columnCount }, (_, index) =>
          prepared.columnTypeId(index),
        ).includes(DuckDBTypeId.INVALID);
        return { fields: fieldsOf(isUnresolved ? await emptied() : prepared, setting.tokens), undeclared };
      }),
    run: (setting, signal) =>
      withStatement(setting, async (prepared, connection) => {
        const interrupt = (): void => connection.interrupt();
        signal.addEventListener("abort", interrupt);
        try {
          signal.throwIfAborted();
          const result = await prepared.run();
          const fields = prepared.statementType === StatementType.SELECT ? fieldsOf(result, setting.tokens) : undefined;
          const chunks = fields ? await result.fetchAllChunks() : [];
          const types = result.columnTypes();
          const rowsAffected = fields ? undefined : result.rowsChanged;
          return { fields, rows: createRows(chunks, types), rowsAffected };
        } finally {
          signal.removeEventListener("abort", interrupt);
        }
      }),
    raw: async (sql) => (await own.runAndReadAll(sql)).getRows(),
    close: () => {
      own.closeSync();
      instance.closeSync();
    },
  };
}

type Emptied = () => Promise<DuckDBResult>;

function fieldsOf(
  described: Pick<DuckDBResult, "columnCount" | "columnName" | "columnType">,
  tokens: readonly SqlToken[],
): Field[] {
  const written = new Set(tokens.map((token) => token.raw.replaceAll("`", "").toLowerCase()));
  let unnamed = 0;
  const names = Array.from({ length: described.columnCount }, (_, index) => {
    const name = described.columnName(index);
    const isPlain = written.has(name.toLowerCase()) || (written.has("*") && /^\w+$/.test(name));
    // DuckDB names an expression by its text, BigQuery f0_, f1_…
    return isPlain ? name : `f${unnamed++}_`;
  });
  const twice = names.find(
    (name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) < index,
  );
  if (twice !== undefined) {
    throw new Problem(
      "invalidQuery",
      `Duplicate column names in the result are not supported. Found duplicate(s): ${twice}`,
    );
  }
  return names.map((name, index) => fieldOf(name, described.columnType(index)));
}

function createRows(chunks: readonly DuckDBDataChunk[], types: readonly DuckDBType[]): Rows {
  const count = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  return {
    count,
    read: (offset, wanted) => {
      const rows: { f: Cell[] }[] = [];
      let first = 0;
      for (const chunk of chunks) {
        const end = first + chunk.rowCount;
        for (let at = Math.max(first, offset); at < Math.min(end, offset + wanted); at += 1) {
          rows.push({
            f: chunk.getRowValues(at - first).map((value, column) => cellOf(value, types[column] as DuckDBType)),
          });
        }
        first = end;
        if (rows.length >= wanted) break;
      }
      return rows;
    },
  };
}

/** Values go to DuckDB as text, cast to the declared type: they are bound, never part of the SQL. */
function createParameters(parameters: readonly QueryParameter[]): {
  place(name: string): string;
  bind(prepared: DuckDBPreparedStatement): void;
} {
  let position = 0;
  const given = (name: string): QueryParameter | undefined =>
    /^\d+$/.test(name)
      ? parameters[Number(name) - 1]
      : parameters.find((candidate) => candidate.name?.toLowerCase() === name.toLowerCase());
  return {
    place: (name) => {
      if (name === "?") position += 1;
      const key = name === "?" ? String(position) : name;
      const parameter = given(key);
      if (!parameter) return `$${key}`;
      const type = duckTypeOfParameter(parameter.parameterType);
      const isBytes = parameter.parameterType.type === "BYTES";
      return isBytes ? `from_base64($${key})` : `CAST($${key} AS ${type})`;
    },
    bind: (prepared) => {
      for (let index = 1; index <= prepared.parameterCount; index += 1) {
        const parameter = given(prepared.parameterName(index));
        if (!parameter) continue;
        const text = textOf(parameter.parameterValue, parameter.parameterType);
        if (text === null) prepared.bindNull(index);
        else prepared.bindVarchar(index, text);
      }
    },
  };
}

/** A value as text that DuckDB casts to the type: `[…]` for arrays, `{…}` for structs. */
function textOf(value: ParameterValue, type: ParameterType, nested = false): string | null {
  if (type.arrayType) {
    const element = type.arrayType;
    return `[${(value.arrayValues ?? []).map((item) => textOf(item, element, true) ?? "NULL").join(", ")}]`;
  }
  if (type.structTypes) {
    const members = type.structTypes.map(({ name = "", type: inner }) => {
      const member = value.structValues?.[name] ?? {};
      return `"${name}": ${textOf(member, inner, true) ?? "NULL"}`;
    });
    return `{${members.join(", ")}}`;
  }
  if (value.value === undefined || value.value === null) return null;
  const text = String(value.value);
  if (nested && type.type === "BYTES") throw new Problem("notImplemented", "BigQuery emulator: no BYTES in arrays");
  if (type.type === "INT64" && !/^[+-]?\d+$/.test(text))
    throw new Problem("invalid", `Invalid INT64 parameter: ${text}`);
  return nested ? `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : text;
}
