import type { RawRow } from "@org/data-source-core/adapter";
import type { StatementCall } from "./execute.ts";
import type { Place } from "./queryable.ts";
import { openRows } from "./rows.ts";
import type { Use } from "./runner.ts";
import { createTypeMap, type TypeMap } from "./type-map.ts";

const plain: TypeMap = createTypeMap({ integers: "safe-number", json: "text" });

/** All rows of one of our own statements, such as a catalog query. */
export function readRows(place: Pick<Place, "run">, call: StatementCall): Promise<RawRow[]> {
  return place.run(call, allRows(call));
}

function allRows({ deadline }: Pick<StatementCall, "deadline">): Use<RawRow[]> {
  return async (statement, lease) => {
    const rows = openRows(statement, plain, Infinity);
    const all: RawRow[] = [];
    try {
      for (let isDone = false; !isDone;) {
        const batch = await rows.read(1_000, deadline);
        all.push(...batch.rows);
        isDone = batch.done;
      }
      return all;
    } finally {
      rows.close();
      lease.release();
    }
  };
}

/** Those rows by their columns' names in lower case, as SHOW gives them in no promised order. */
export function readNamedRows(place: Pick<Place, "run">, call: StatementCall): Promise<NamedRow[]> {
  return place.run(call, async (statement, lease) => {
    const names = (statement.getColumns() ?? []).map((column) => column.getName().toLowerCase());
    const rows = await allRows(call)(statement, lease);
    return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
  });
}

export type NamedRow = Readonly<Record<string, unknown>>;
