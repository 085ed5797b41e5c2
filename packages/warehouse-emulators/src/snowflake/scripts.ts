import { SnowflakeFailure, statementTypes, type StatementResult, type WireColumn, type WireRows } from "./wire.ts";

export interface ScriptContext {
  readonly sql: string;
  readonly sessionId: string;
  readonly bindings: unknown;
  readonly signal: AbortSignal;
}

/** A scripted reply: rows, or a failure. */
export type ScriptReply =
  | { readonly columns: readonly WireColumn[]; readonly rows: WireRows; readonly statementTypeId?: number }
  | { readonly code: string; readonly message: string; readonly sqlState?: string };

export interface Script {
  /** The whole text without surrounding white space, or a pattern. */
  readonly match: string | RegExp;
  readonly reply: ScriptReply | ((context: ScriptContext) => ScriptReply | Promise<ScriptReply>);
  /** Default Infinity. */
  readonly times?: number;
}

export interface Scripts {
  add(script: Script): void;
  find(sql: string): Script["reply"] | undefined;
}

export function createScripts(): Scripts {
  const entries: { readonly script: Script; left: number }[] = [];
  return {
    // The latest comes first, so that a test can override.
    add: (script) => void entries.unshift({ script, left: script.times ?? Infinity }),
    find: (sql) => {
      const entry = entries.find(({ script: { match }, left }) => left > 0 && isMatch(match, sql));
      if (!entry) return undefined;
      entry.left -= 1;
      return entry.script.reply;
    },
  };
}

export async function play(reply: Script["reply"], context: ScriptContext): Promise<StatementResult> {
  const played = typeof reply === "function" ? await reply(context) : reply;
  if ("code" in played) throw new SnowflakeFailure(played.code, played.message, played.sqlState);
  return { statementTypeId: statementTypes.select, ...played };
}

export function isMatch(match: string | RegExp, sql: string): boolean {
  return typeof match === "string" ? sql.trim() === match : match.test(sql);
}
