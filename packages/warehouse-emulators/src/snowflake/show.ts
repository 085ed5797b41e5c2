import type { EmulatedCatalog, EmulatedKey, EmulatedTable } from "./catalog.ts";
import type { EmulatedGrant } from "./options.ts";
import { isWord, type SqlToken } from "./sql-text.ts";
import { statementTypes, unsupported, type StatementResult } from "./wire.ts";

type Cells = Readonly<Record<string, string | null>>;

/** `SHOW …` for the objects that introspection and the role check ask about. */
export function show(
  tokens: readonly SqlToken[],
  catalog: EmulatedCatalog,
  roles: Readonly<Record<string, readonly EmulatedGrant[]>>,
): StatementResult {
  const [, first, second] = tokens;
  const inSchema = tokens.some((token) => isWord(token, "SCHEMA")) ? tokens.at(-1)?.text : undefined;
  const tables = [...catalog.tables.values()].filter((table) => inSchema === undefined || table.schema === inSchema);
  if (isWord(first, "PRIMARY") || isWord(first, "UNIQUE")) {
    const kind = isWord(first, "PRIMARY") ? "PRIMARY KEY" : "UNIQUE";
    return toResult(
      ownKeyNames,
      tables.flatMap((table) => ownKeys(table, kind)),
    );
  }
  if (isWord(first, "IMPORTED"))
    return toResult(
      foreignKeyNames,
      tables.flatMap((table) => foreignKeys(table, catalog)),
    );
  if (isWord(first, "GRANTS") && isWord(second, "TO") && isWord(tokens[3], "ROLE")) {
    const role = tokens[4]?.text ?? "";
    return toResult(
      ["privilege", "granted_on", "name", "granted_to", "grantee_name"],
      (roles[role] ?? []).map(({ privilege, grantedOn, name }) => ({
        privilege,
        granted_on: grantedOn,
        name,
        granted_to: "ROLE",
        grantee_name: role,
      })),
    );
  }
  throw unsupported(`SHOW ${first?.text ?? ""}`);
}

const ownKeyNames = [
  "database_name",
  "schema_name",
  "table_name",
  "column_name",
  "key_sequence",
  "constraint_name",
  "rely",
  "comment",
];
const foreignKeyNames = [
  "pk_database_name",
  "pk_schema_name",
  "pk_table_name",
  "pk_column_name",
  "fk_database_name",
  "fk_schema_name",
  "fk_table_name",
  "fk_column_name",
  "key_sequence",
  "update_rule",
  "delete_rule",
  "fk_name",
  "pk_name",
  "deferrability",
  "rely",
  "comment",
];

function ownKeys(table: EmulatedTable, kind: EmulatedKey["kind"]): Cells[] {
  return table.keys
    .filter((key) => key.kind === kind)
    .flatMap((key) =>
      key.columns.map((column, index) => ({
        database_name: "DEMO",
        schema_name: table.schema,
        table_name: table.name,
        column_name: column,
        key_sequence: String(index + 1),
        constraint_name: key.name,
        rely: "false",
      })),
    );
}

function foreignKeys(table: EmulatedTable, catalog: EmulatedCatalog): Cells[] {
  return table.keys.flatMap(({ kind, name, columns, references }) => {
    if (kind !== "FOREIGN KEY" || references === undefined) return [];
    const target = [...catalog.tables.values()].find(
      (of) => of.schema === references.schema && of.name === references.table,
    );
    const primary = target?.keys.find((key) => key.kind === "PRIMARY KEY");
    const targetColumns = references.columns.length > 0 ? references.columns : (primary?.columns ?? []);
    return columns.map((column, index) => ({
      pk_database_name: "DEMO",
      pk_schema_name: references.schema,
      pk_table_name: references.table,
      pk_column_name: targetColumns[index] ?? null,
      fk_database_name: "DEMO",
      fk_schema_name: table.schema,
      fk_table_name: table.name,
      fk_column_name: column,
      key_sequence: String(index + 1),
      update_rule: "NO ACTION",
      delete_rule: "NO ACTION",
      fk_name: name,
      pk_name: primary?.name ?? null,
      deferrability: "NOT DEFERRABLE",
      rely: "false",
    }));
  });
}

function toResult(names: readonly string[], rows: readonly Cells[]): StatementResult {
  return {
    columns: names.map((name) => ({ name, type: name === "key_sequence" ? "fixed" : "text", precision: 10, scale: 0 })),
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    statementTypeId: statementTypes.select,
  };
}
