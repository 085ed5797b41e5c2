import type { Catalog, CatalogColumn, CatalogTable } from "@org/data-source-core";
import { printable } from "./printable.ts";

interface Node {
  readonly text: string;
  readonly children: readonly Node[];
}

/** A catalog for people: schemas, their tables, their columns. */
export function renderTree({ schemas }: Catalog): string {
  const nodes = schemas.map(({ name, tables }) => ({ text: name, children: tables.map(tableNode) }));
  return nodes.flatMap((node) => [printable(node.text), ...branches(node.children, "")]).join("\n");
}

function branches(nodes: readonly Node[], indent: string): string[] {
  return nodes.flatMap(({ text, children }, index) => {
    const isLast = index === nodes.length - 1;
    const line = `${indent}${isLast ? "└─ " : "├─ "}${printable(text)}`;
    return [line, ...branches(children, `${indent}${isLast ? "   " : "│  "}`)];
  });
}

function tableNode({ name, kind, rowCount, columns, primaryKey }: CatalogTable): Node {
  const rows =
    rowCount === undefined ? "" : `, ${rowCount.accuracy === "estimate" ? "about " : ""}${rowCount.value} rows`;
  const keys = new Set(primaryKey?.columns);
  return { text: `${name} (${kind}${rows})`, children: columns.map((column) => columnNode(column, keys)) };
}

function columnNode({ name, nativeType, nullable }: CatalogColumn, keys: ReadonlySet<string>): Node {
  const notes = [nativeType, ...(nullable === false ? ["not null"] : []), ...(keys.has(name) ? ["key"] : [])];
  return { text: `${name}  ${notes.join(", ")}`, children: [] };
}
