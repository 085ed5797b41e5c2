import type { Connection, DatabaseError, FieldDef } from "pg";
import { serialize } from "pg-protocol";
import { isResultChanged } from "./error-map.ts";
import type { Step } from "./exchange.ts";
import { classify } from "./read-only.ts";

/** A statement that the server keeps parsed, under a name, on one connection. */
export interface ParsedStatement {
  readonly name: string;
  /** Of its result when it was parsed. The server refuses to run it (0A000) once they would be others. */
  readonly fields: readonly FieldDef[] | undefined;
}

/** How many a connection keeps: each is memory on the server. */
const kept = 100;
const longestKept = 10_000;

/**
 * The statements that one connection keeps. A statement is known once it has run, never when it was merely sent; what
 * is no longer used is closed at the beginning of the next exchange.
 */
export class PreparedStatements {
  readonly #known = new Map<string, ParsedStatement>();
  #closing: Buffer[] = [];
  #names = 0;
  /** How many steps of the running exchange the server has bound: what was not bound has not begun to run. */
  bound = 0;

  constructor(connection: Connection) {
    connection.on("bindComplete", () => (this.bound += 1));
  }

  get(step: Step): ParsedStatement | undefined {
    const key = keyOf(step);
    const statement = this.#known.get(key);
    if (!statement) return undefined;
    // The last of the map is the one used last.
    this.#known.delete(key);
    this.#known.set(key, statement);
    return statement;
  }

  newName(): string {
    return `s${(this.#names += 1)}`;
  }

  add(step: Step, statement: ParsedStatement): void {
    this.#known.set(keyOf(step), statement);
    if (this.#known.size <= kept) return;
    const [oldest, { name }] = this.#known.entries().next().value as [string, ParsedStatement];
    this.#known.delete(oldest);
    this.close(name);
  }

  /** Also for a name that the server may not know: closing it then does nothing. */
  close(name: string): void {
    this.#closing.push(serialize.close({ type: "S", name }));
  }

  forgetAll(): void {
    for (const { name } of this.#known.values()) this.close(name);
    this.#known.clear();
  }

  /** The messages that close what is no longer used. */
  takeClosing(): Buffer[] {
    const closing = this.#closing;
    this.#closing = [];
    return closing;
  }
}

/** The server's types of parameters belong to a statement: the same text with others is another one. */
function keyOf({ text = "", types }: Step): string {
  return types === undefined || types.length === 0 ? text : `${types.join(",")} ${text}`;
}

/** Whether the server refused to run what it had prepared: its result has other columns now, or its name is gone. */
export function isStale(error: DatabaseError): boolean {
  return error.code === "26000" || isResultChanged(error);
}

const writes = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);
const reads = new Set(["SELECT", "VALUES", "TABLE"]);

/**
 * What a statement means to those that its connection keeps: `keep` it too, `leave` them as they are, or `forget` them
 * all. DDL is of the last kind, since the server does not notice that a new temporary table now bears the name of the
 * table that a prepared statement reads; so are DISCARD, DEALLOCATE and whatever else is not known to be harmless.
 */
export function effectOnPrepared(text: string): NonNullable<Step["prepared"]> {
  const { statements, irregular } = classify(text);
  const [statement] = statements;
  if (statement === undefined || irregular !== undefined) return "forget";
  const { verb, words } = statement;
  if (writes.has(verb) || (reads.has(verb) && !words.has("INTO"))) return text.length <= longestKept ? "keep" : "leave";
  const creates = words.has("CREATE") || words.has("INTO") || words.has("EXECUTE");
  return verb === "SHOW" || (verb === "EXPLAIN" && !creates) ? "leave" : "forget";
}
