import { type Catalog, type ConnectionReport, type DataSource, type Row, toJsonRow } from "@org/data-source-core";
import type { Command, Invocation } from "./arguments.ts";
import { formatRows, type Rows } from "./formats.ts";
import { printable, toText } from "./printable.ts";
import type { Progress } from "./progress.ts";
import { renderTable } from "./table.ts";
import { renderTree } from "./tree.ts";

/** What a command works with. */
export interface Context {
  readonly source: DataSource;
  readonly invocation: Invocation;
  /** Empty for a command without. */
  readonly sql: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** To standard output, with backpressure. */
  readonly write: (pieces: AsyncIterable<string> | Iterable<string>) => Promise<void>;
  /** A line on standard error. */
  readonly say: (line: string) => void;
}

/** Each resolves to an exit code. */
export const commands: Readonly<Record<Command, (context: Context) => Promise<number>>> = {
  check,
  query,
  introspect,
  estimate,
};

async function query(context: Context): Promise<number> {
  const { source, sql, invocation } = context;
  const { format, maxRows, write } = invocation;
  const options = { ...callOptions(context), maxRows };
  let truncated: boolean;
  if (write) {
    const result = await source.query(sql, { ...options, readOnly: false });
    truncated = result.truncated;
    await context.write(formatRows(format, counted(result.columns, [result.rows], context.progress)));
    if (result.rowsAffected !== undefined) context.say(`${result.rowsAffected} rows affected`);
  } else {
    await using stream = source.stream(sql, options);
    await context.write(formatRows(format, counted(await stream.columns(), stream, context.progress)));
    truncated = stream.truncated;
  }
  if (truncated) context.say(`only the first ${maxRows} rows; --max-rows <n> or --max-rows all gives more`);
  return 0;
}

function counted(
  columns: Rows["columns"],
  source: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  progress: Progress,
): Rows {
  const batches = async function* (): AsyncGenerator<readonly Row[]> {
    for await (const batch of source) {
      progress.rows += batch.length;
      yield batch;
    }
  };
  return { columns, batches: batches() };
}

async function check(context: Context): Promise<number> {
  const report = await context.source.check(callOptions(context));
  await context.write([context.invocation.format === "json" ? reportJson(report) : await reportTable(report)]);
  if (report.ok) return 0;
  return 1;
}

function reportJson(report: ConnectionReport): string {
  const steps = report.steps.map(({ error, ...step }) => ({
    ...step,
    error:
      error === undefined ? undefined : { code: error.code, message: error.message, isRetryable: error.isRetryable },
  }));
  return `${JSON.stringify({ ...report, steps }, undefined, 2)}\n`;
}

async function reportTable({ steps, user, serverVersion, latencyMs }: ConnectionReport): Promise<string> {
  const names = ["step", "outcome", "ms", "detail"];
  const table = await renderTable(
    names.map((name) => ({ name, alignment: name === "ms" ? "right" : "left" })),
    steps.map(({ name, outcome, durationMs, detail }) => [name, outcome, durationMs?.toFixed(1) ?? "", detail ?? ""]),
  );
  const facts = Object.entries({
    user,
    "server version": serverVersion,
    "round trip": latencyMs && `${latencyMs.toFixed(1)} ms`,
  });
  const hints = steps.flatMap(({ name, hint }) => (hint === undefined ? [] : [`${name}: ${printable(hint)}\n`]));
  return [
    table,
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${printable(String(value))}\n`])),
    ...hints,
  ].join("");
}

async function introspect(context: Context): Promise<number> {
  const { schemas, tables, format } = context.invocation;
  const scope = {
    ...(schemas === undefined ? {} : { schemas: { include: schemas } }),
    ...(tables === undefined ? {} : { tables: { include: tables } }),
  };
  const catalog: Catalog = await context.source.introspect(scope, callOptions(context));
  if (format === "json") await context.write([`${JSON.stringify(toJsonRow(catalog), undefined, 2)}\n`]);
  else if (catalog.schemas.length > 0) await context.write([`${renderTree(catalog)}\n`]);
  else context.say("no schema that this account may see fits");
  for (const { part, message } of catalog.warnings) context.say(`${part}: ${printable(message)}`);
  return 0;
}

async function estimate(context: Context): Promise<number> {
  const { source, sql, invocation } = context;
  const found = await source.estimate(sql, callOptions(context));
  if (invocation.format === "json") {
    await context.write([`${JSON.stringify(toJsonRow(found), undefined, 2)}\n`]);
    return 0;
  }
  const { plan: _plan, columns: _columns, ...figures } = found;
  const lines = Object.entries(figures).filter(([, value]) => value !== undefined);
  const table = await renderTable(
    [
      { name: "estimate", alignment: "left" },
      { name: "value", alignment: "right" },
    ],
    lines.map(([name, value]) => [name, toText(value)]),
  );
  await context.write([table]);
  return 0;
}

function callOptions({ invocation, signal }: Context): { signal: AbortSignal; statementTimeoutMs?: number } {
  const { timeoutMs } = invocation;
  return { signal, ...(timeoutMs === undefined ? {} : { statementTimeoutMs: timeoutMs }) };
}
