import type { Column } from "@org/data-source-core";
import { createRowShaper, withKeys } from "@org/data-source-core/adapter";
import type { FieldDef } from "pg";
import type { WireRow } from "./exchange.ts";
import { columnType, type TypeMap } from "./type-map.ts";

/** How the rows of one statement become values. */
export interface ResultShape {
  readonly columns: readonly Column[];
  /** In place: the row is ours alone. */
  readonly convert: (row: WireRow) => unknown[];
  readonly shape: (row: readonly unknown[]) => unknown;
}

/** Shapes of the latest statements: most are run again and again, and describing the columns costs more than a row. */
export interface ResultShapes {
  /** `undefined`: some types are not known yet, see `unknownOids`. */
  get(text: string, rowMode: "object" | "array", fields: readonly FieldDef[]): ResultShape | undefined;
}

const remembered = 256;

export function createResultShapes(types: TypeMap): ResultShapes {
  const known = new Map<string, ResultShape & { readonly fields: readonly FieldDef[] }>();
  return {
    get: (text, rowMode, fields) => {
      const key = `${rowMode} ${text}`;
      const cached = known.get(key);
      if (cached && areSame(cached.fields, fields)) return cached;
      if (unknownOids(types, fields).length > 0) return undefined;
      const columns = columnsOf(types, fields);
      const shape = {
        fields,
        columns,
        convert: createConverter(types, fields),
        shape: createRowShaper(columns, rowMode),
      };
      if (known.size >= remembered) known.delete(known.keys().next().value as string);
      known.set(key, shape);
      return shape;
    },
  };
}

/** Types of a result that this database defines, and that were not looked up yet. */
export function unknownOids(types: TypeMap, fields: readonly FieldDef[]): number[] {
  const unknown = fields.flatMap(({ dataTypeID }) => (types.get(dataTypeID) ? [] : [dataTypeID]));
  return [...new Set(unknown)];
}

/** The same text may give other columns later: a table altered, another search path. */
function areSame(left: readonly FieldDef[], right: readonly FieldDef[]): boolean {
  if (left.length !== right.length) return false;
  for (const [index, a] of left.entries()) {
    const b = right[index] as FieldDef;
    if (a.dataTypeID !== b.dataTypeID || a.name !== b.name || a.dataTypeModifier !== b.dataTypeModifier) return false;
  }
  return true;
}

function columnsOf(types: TypeMap, fields: readonly FieldDef[]): Column[] {
  return withKeys(
    fields.map(({ name, dataTypeID, dataTypeModifier }) => {
      const mapped = types.get(dataTypeID);
      if (!mapped) throw new Error(`Type ${dataTypeID} was not learnt`);
      return { name, ...columnType(mapped, dataTypeModifier) };
    }),
  );
}

function createConverter(types: TypeMap, fields: readonly FieldDef[]): (row: WireRow) => unknown[] {
  const converts = fields.map((field) => types.get(field.dataTypeID)?.convert ?? ((text: string) => text));
  return (row) => {
    const values: unknown[] = row;
    for (let index = 0; index < converts.length; index += 1) {
      const text = row[index];
      if (typeof text === "string") values[index] = converts[index]?.(text);
    }
    return values;
  };
}
