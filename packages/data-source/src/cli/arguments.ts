import { parseArgs } from "node:util";
import { UsageError } from "./usage.ts";

const commands = ["check", "query", "introspect", "estimate"] as const;
export type Command = (typeof commands)[number];
export type Format = "table" | "tree" | "json" | "csv" | "ndjson";

/** What the command line asks for. */
export interface Invocation {
  readonly command: Command;
  readonly env: string;
  /** Path of the config file; it wins over `env`. */
  readonly config: string | undefined;
  readonly format: Format;
  readonly timeoutMs: number | undefined;
  readonly sql: string | undefined;
  readonly file: string | undefined;
  readonly maxRows: number;
  readonly write: boolean;
  readonly schemas: readonly string[] | undefined;
  readonly tables: readonly string[] | undefined;
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const several = { type: "string", multiple: true } as const;
const options = {
  env: text,
  config: text,
  format: text,
  timeout: text,
  file: text,
  "max-rows": text,
  write: flag,
  schema: several,
  table: several,
  help: { type: "boolean", short: "h" },
  version: flag,
} as const;
type OptionName = keyof typeof options;

const common: readonly OptionName[] = ["env", "config", "format", "timeout"];
const takes: Readonly<Record<Command, readonly OptionName[]>> = {
  check: common,
  query: [...common, "file", "max-rows", "write"],
  introspect: [...common, "schema", "table"],
  estimate: [...common, "file"],
};
const formats: Readonly<Record<Command, readonly Format[]>> = {
  check: ["table", "json"],
  query: ["table", "json", "csv", "ndjson"],
  introspect: ["tree", "json"],
  estimate: ["table", "json"],
};

/** Reads the arguments; no message repeats an argument that may hold a secret. */
export function readArguments(args: readonly string[], isTerminal: boolean): Invocation | "help" | "version" {
  const { values, positionals } = parse(args);
  if (values.help === true) return "help";
  if (values.version === true) return "version";
  const [name, sql, ...rest] = positionals;
  if (name === undefined) throw new UsageError(`no command: ${commands.join(", ")}`);
  const command = commands.find((each) => each === name);
  if (command === undefined) throw new UsageError(`no such command; there are ${commands.join(", ")}`);
  for (const option of Object.keys(values) as OptionName[]) {
    if (!takes[command].includes(option)) throw new UsageError(`--${option} is not an option of ${command}`);
  }
  const takesSql = takes[command].includes("file");
  if (sql !== undefined && !takesSql) throw new UsageError(`${command} takes no argument`);
  if (rest.length > 0) throw new UsageError("more than one argument: put the SQL in quotes");
  if (sql !== undefined && values.file !== undefined) throw new UsageError("SQL as an argument and --file: give one");
  if (values.env !== undefined && values.config !== undefined) throw new UsageError("--env and --config: give one");
  return {
    command,
    env: values.env === undefined ? "DATA_SOURCE_URL" : variableName(values.env),
    config: values.config,
    format: formatOf(command, values.format, isTerminal),
    timeoutMs: values.timeout === undefined ? undefined : durationMs(values.timeout),
    sql: sql === "-" ? undefined : sql,
    file: values.file,
    maxRows: rowLimit(values["max-rows"] ?? "10000"),
    write: values.write ?? false,
    schemas: values.schema,
    tables: values.table,
  };
}

function parse(args: readonly string[]) {
  if (args.some((each) => /^[a-z]+:\/\//i.test(each) || /^--?[\w-]+=[a-z]+:\/\//i.test(each))) {
    throw new UsageError(
      "a connection URL does not belong in arguments, which every process of the machine can read: " +
        "put it into the variable DATA_SOURCE_URL, or into a file for --config",
    );
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replace(/\. To specify a positional argument[^]*$/, ""));
  }
}

function variableName(value: string): string {
  if (/^[A-Za-z_]\w*$/.test(value)) return value;
  throw new UsageError("--env takes the name of a variable, not its value");
}

function formatOf(command: Command, given: string | undefined, isTerminal: boolean): Format {
  const choices = formats[command];
  if (given === undefined) return isTerminal ? (choices[0] as Format) : "json";
  const format = choices.find((each) => each === given);
  if (format === undefined) throw new UsageError(`--format of ${command} is ${choices.join(" or ")}`);
  return format;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function durationMs(value: string): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value) ?? [];
  const ms = Number(digits) * (units[unit] ?? 0);
  if (ms > 0) return ms;
  throw new UsageError("--timeout takes a time above 0 with its unit, such as 500ms, 30s or 5m");
}

function rowLimit(value: string): number {
  if (value === "all") return Infinity;
  if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
  throw new UsageError('--max-rows takes a whole number from 1, or "all"');
}
