import type { DuckDBConnection } from "@duckdb/node-api";
import { keyOf } from "./catalog.ts";
import { findTable, parseCreateTable, parseName } from "./create-table.ts";
import { rewrite, type SessionNames } from "./dialect.ts";
import { runOnDuckDB } from "./duckdb-run.ts";
import type { Engine } from "./engine.ts";
import { refreshInformationSchema } from "./information-schema.ts";
import { show } from "./show.ts";
import { isSymbol, isWord, statementsOf, toText, tokenize, type SqlToken } from "./sql-text.ts";
import { toBindValues } from "./values.ts";
import { failures, SnowflakeFailure, statementTypes, statusResult, unsupported, type StatementResult } from "./wire.ts";

export interface EngineStatement {
  readonly sql: string;
  readonly bindings: unknown;
  readonly maxRows: number;
  /** Default 1; 0 would be any number, which is not supported. */
  readonly statementCount: number;
  readonly signal: AbortSignal;
}

/** A session's state: its transaction, temporary tables and variables die with it. */
export interface EngineSession {
  run(statement: EngineStatement): Promise<StatementResult>;
  /** Rolls back and forgets, as soon as what runs has finished: the service too lets statements go on. */
  end(): Promise<void>;
}

const dml: Readonly<Record<string, readonly [number, string]>> = {
  INSERT: [statementTypes.insert, "number of rows inserted"],
  UPDATE: [statementTypes.update, "number of rows updated"],
  DELETE: [statementTypes.delete, "number of rows deleted"],
};

/** What DuckDB's MERGE returns for a row, in Snowflake's words. */
const merged: Readonly<Record<string, string>> = { INSERT: "inserted", UPDATE: "updated", DELETE: "deleted" };

export function createEngineSession(engine: Engine, names: Omit<SessionNames, "variables">): EngineSession {
  const variables = new Map<string, string>();
  let main: DuckDBConnection | undefined;
  let inTransaction = false;
  let hasTemporary = false;
  let queue: Promise<unknown> = Promise.resolve();

  /** In order, on the connection that has the session's state; otherwise beside the others, on one of its own. */
  const onConnection = async <T>(stateful: boolean, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    if (!stateful && !inTransaction && !hasTemporary) return engine.withConnection(work);
    const result = queue.then(async () => work((main ??= await engine.connect())));
    queue = result.catch(() => undefined);
    return result;
  };

  const transaction = (first: SqlToken | undefined, signal: AbortSignal): Promise<StatementResult> =>
    onConnection(true, async (connection) => {
      if (signal.aborted) throw failures.cancelled;
      const begins = isWord(first, "BEGIN", "START");
      // As in Snowflake, a second BEGIN and a COMMIT without a transaction are no errors.
      if (begins !== inTransaction) await connection.run(begins ? "begin transaction" : (first?.text ?? "rollback"));
      inTransaction = begins;
      return statusResult("Statement executed successfully.", statementTypes.transaction);
    });

  const run = async (statement: EngineStatement): Promise<StatementResult> => {
    const statements = statementsOf(tokenize(statement.sql));
    if (statements.length !== statement.statementCount) {
      const message = `Actual statement count ${statements.length} did not match the desired statement count ${statement.statementCount}.`;
      throw new SnowflakeFailure("000008", message, "0A000");
    }
    const original = statements[0] ?? [];
    const first = original.find((token) => !isSymbol(token, "("));
    if (isWord(first, "BEGIN", "START", "COMMIT", "ROLLBACK")) return transaction(first, statement.signal);
    if (isWord(first, "SHOW")) return show(original, engine.catalog, engine.roles);
    if (isWord(first, "SET") && original[1] && isSymbol(original[2], "=")) {
      variables.set(original[1].text, original[3]?.text ?? "");
      return statusResult("Statement executed successfully.", statementTypes.session);
    }
    if (isWord(first, "USE", "ALTER") && (isWord(first, "USE") || isWord(original[1], "SESSION"))) {
      return statusResult("Statement executed successfully.", statementTypes.session);
    }
    const tokens = await withoutWait(original, statement.signal);
    const query = (sql: readonly SqlToken[], statementTypeId: number, stateful = false): Promise<StatementResult> =>
      onConnection(stateful, (connection) =>
        runOnDuckDB({
          connection,
          tokens: rewrite(sql, { ...names, variables }),
          original: statement.sql,
          values: toBindValues(statement.bindings),
          maxRows: statement.maxRows,
          signal: statement.signal,
          statementTypeId,
        }),
      );
    if (isWord(first, "SELECT", "WITH", "VALUES")) {
      if (tokens.some((token) => isWord(token, "INFORMATION_SCHEMA"))) {
        await engine.exclusive(() =>
          engine.withConnection((connection) => refreshInformationSchema(connection, engine.catalog)),
        );
      }
      return query(tokens, statementTypes.select);
    }
    if (isWord(first, "EXPLAIN")) return explain(tokens, query);
    const change = (): Promise<StatementResult> => write(tokens, query);
    // DuckDB fails on concurrent changes of one table where Snowflake waits.
    return inTransaction ? change() : engine.exclusive(change);
  };

  const write = async (
    tokens: readonly SqlToken[],
    query: (sql: readonly SqlToken[], type: number, stateful?: boolean) => Promise<StatementResult>,
  ): Promise<StatementResult> => {
    const [first, second] = tokens;
    const [type, label] = dml[first?.text ?? ""] ?? [];
    if (type !== undefined && label !== undefined) {
      const { rows } = await query(tokens, type);
      return { columns: [{ name: label, type: "fixed", precision: 19, scale: 0 }], rows, statementTypeId: type };
    }
    if (isWord(first, "MERGE")) {
      const word = (text: string): SqlToken => ({ kind: "word", text, start: 0 });
      const { rows } = await query([...tokens, word("RETURNING"), word("MERGE_ACTION")], statementTypes.merge);
      const actions = ["inserted", "updated", "deleted"];
      const taken = rows.slice(0).map(([action]) => merged[action ?? ""]);
      const count = (action: string): string => String(taken.filter((name) => name === action).length);
      return {
        columns: actions.map((action) => ({
          name: `number of rows ${action}`,
          type: "fixed",
          precision: 19,
          scale: 0,
        })),
        rows: [actions.map(count)],
        statementTypeId: statementTypes.merge,
      };
    }
    if (inTransaction && isWord(first, "CREATE", "DROP", "ALTER", "TRUNCATE"))
      await transaction(undefined, new AbortController().signal);
    if (isWord(first, "CREATE")) return create(tokens, query);
    if (isWord(first, "DROP", "TRUNCATE", "ALTER") && isWord(second, "TABLE", "VIEW", "SCHEMA")) {
      await query(tokens, statementTypes.ddl);
      const at = isWord(tokens[2], "IF") ? 4 : 2;
      const { schema, name } = parseName(tokens, at);
      if (isWord(first, "DROP")) engine.catalog.tables.delete(keyOf(schema, name));
      if (isWord(first, "DROP") && isWord(second, "SCHEMA")) engine.catalog.schemas.delete(name);
      return statusResult("Statement executed successfully.", statementTypes.ddl);
    }
    if (isWord(first, "COMMENT")) {
      const table = findTable(engine.catalog, tokens, 3);
      if (!isWord(tokens[2], "TABLE") || !table) throw unsupported("COMMENT ON anything but an existing table");
      table.comment = tokens.at(-1)?.text;
      return statusResult("Statement executed successfully.", statementTypes.ddl);
    }
    throw unsupported(toText(tokens).slice(0, 200));
  };

  const create = async (
    tokens: readonly SqlToken[],
    query: (sql: readonly SqlToken[], type: number, stateful?: boolean) => Promise<StatementResult>,
  ): Promise<StatementResult> => {
    const kind = tokens.find((token) => isWord(token, "TABLE", "VIEW", "SCHEMA"))?.text;
    const at = tokens.findIndex((token) => isWord(token, "TABLE", "VIEW", "SCHEMA")) + 1;
    const nameAt = isWord(tokens[at], "IF") ? at + 3 : at;
    if (kind === "TABLE") {
      const { table, temporary, tokens: forDuckDB } = parseCreateTable(tokens, engine.now());
      await query(forDuckDB, statementTypes.ddl, temporary);
      if (temporary) hasTemporary = true;
      else engine.catalog.tables.set(keyOf(table.schema, table.name), table);
      return statusResult(`Table ${table.name} successfully created.`, statementTypes.ddl);
    }
    const { schema, name } = parseName(tokens, nameAt);
    if (kind === undefined) throw unsupported(toText(tokens).slice(0, 200));
    await query(tokens, statementTypes.ddl);
    if (kind === "SCHEMA") engine.catalog.schemas.set(name, { comment: undefined });
    else {
      const definition = toText(tokens);
      const view = { schema, name, kind: "VIEW", columns: [], keys: [], clusteringKey: undefined, definition } as const;
      engine.catalog.tables.set(keyOf(schema, name), { ...view, createdAt: engine.now(), comment: undefined });
    }
    return statusResult(`${kind} ${name} successfully created.`, statementTypes.ddl);
  };

  return {
    run,
    end: async () => {
      await queue;
      main?.closeSync();
      main = undefined;
      inTransaction = false;
      hasTemporary = false;
    },
  };
}

/** `system$wait(5)` waits here, where an abort ends it, and then is its text. */
async function withoutWait(tokens: readonly SqlToken[], signal: AbortSignal): Promise<readonly SqlToken[]> {
  const at = tokens.findIndex((token) => isWord(token, "SYSTEM$WAIT"));
  if (at < 0) return tokens;
  const seconds = tokens[at + 2]?.text ?? "0";
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(failures.cancelled);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", stop);
        resolve();
      },
      Number(seconds) * 1000,
    );
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  const waited: SqlToken = { kind: "string", text: `waited ${seconds} seconds`, start: tokens[at]?.start ?? 0 };
  return [...tokens.slice(0, at), waited, ...tokens.slice(at + 4)];
}

/** `EXPLAIN USING JSON …`: validated by DuckDB, the figures made up. */
async function explain(
  tokens: readonly SqlToken[],
  query: (sql: readonly SqlToken[], type: number) => Promise<StatementResult>,
): Promise<StatementResult> {
  const at = isWord(tokens[1], "USING") ? 3 : 1;
  const { kind, start } = tokens[0] as SqlToken;
  await query([{ kind, start, text: "EXPLAIN" }, ...tokens.slice(at)], statementTypes.select);
  const plan = {
    GlobalStats: { partitionsTotal: 1, partitionsAssigned: 1, bytesAssigned: 1024 },
    Operations: [[{ id: 0, operation: "Result", expressions: [] }]],
  };
  return {
    columns: [{ name: "content", type: "text" }],
    rows: [[JSON.stringify(plan)]],
    statementTypeId: statementTypes.select,
  };
}
