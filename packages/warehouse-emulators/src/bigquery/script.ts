import type { Cell } from "./duck-values.ts";
import type { Rows } from "./engine.ts";
import type { Field } from "./field.ts";

/** A cell of a scripted row: text as the REST API writes it, a list for REPEATED, a list in field order for RECORD. */
export type ScriptedCell = string | null | readonly ScriptedCell[];

/** Rows made as they are read, for results of any size. */
export interface LazyRows {
  readonly count: number;
  readonly row: (index: number) => readonly ScriptedCell[];
}

/** An answer given by a test, in place of what DuckDB would say. */
export interface ScriptedAnswer {
  readonly schema?: readonly Field[];
  readonly rows?: readonly (readonly ScriptedCell[])[] | LazyRows;
  /** Default: as the text says. */
  readonly statementType?: string;
  readonly bytesProcessed?: number;
  readonly rowsAffected?: number;
  readonly undeclaredParameters?: readonly { readonly name?: string; readonly type: string }[];
  /** Fails the job with this reason once it runs. */
  readonly error?: { readonly reason: string; readonly message: string };
  /** `error` is found by the dry run already. */
  readonly invalid?: boolean;
  /** How long the job runs. Default 0. `until` ends it earlier or later. */
  readonly durationMs?: number;
  readonly until?: Promise<unknown>;
}

/** `sql`: the whole text (white space aside), or a pattern in it, which `answer` may read from. */
export interface Script {
  readonly sql: string | RegExp;
  readonly answer: ScriptedAnswer | ((match: RegExpExecArray) => ScriptedAnswer);
  /** How many jobs it answers. Default: all. */
  readonly times?: number;
}

/** The answers that tests have given, the latest first. */
export interface Scripts {
  add(script: Script): void;
  /** `use` counts against `times`: a dry run does not. */
  find(sql: string, use: boolean): ScriptedAnswer | undefined;
}

export function createScripts(): Scripts {
  const scripts: { readonly script: Script; left: number }[] = [];
  return {
    add: (script) => {
      scripts.unshift({ script, left: script.times ?? Infinity });
    },
    find: (text, use) => {
      for (const entry of scripts) {
        if (entry.left <= 0) continue;
        const { sql, answer } = entry.script;
        const match = (typeof sql === "string" ? exactly(sql) : sql).exec(text);
        if (!match) continue;
        if (use) entry.left -= 1;
        return typeof answer === "function" ? answer(match) : answer;
      }
      return undefined;
    },
  };
}

function exactly(sql: string): RegExp {
  const words = sql
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^\\s*${words.join("\\s+")}\\s*$`);
}

export function scriptedRows(schema: readonly Field[], rows: readonly (readonly ScriptedCell[])[] | LazyRows): Rows {
  const { count, row }: LazyRows =
    "row" in rows ? rows : { count: rows.length, row: (index) => rows[index] as readonly ScriptedCell[] };
  return {
    count,
    read: (offset, wanted) =>
      Array.from({ length: Math.max(0, Math.min(wanted, count - offset)) }, (_, index) => {
        const cells = row(offset + index);
        return { f: schema.map((field, column) => cell(cells[column] ?? null, field)) };
      }),
  };
}

function cell(value: ScriptedCell, field: Field): Cell {
  if (field.mode === "REPEATED") {
    const { mode: _mode, ...element } = field;
    return { v: ((value ?? []) as readonly ScriptedCell[]).map((item) => cell(item, element)) };
  }
  if (field.fields && value !== null) {
    return {
      v: { f: field.fields.map((inner, index) => cell((value as readonly ScriptedCell[])[index] ?? null, inner)) },
    };
  }
  return { v: value as string | null };
}
