import type { TokenState } from "./lakebase.ts";
import type { Note } from "./notes.ts";
import type { Total } from "./warehouse.ts";

export interface PageData {
  readonly notes: readonly Note[];
  readonly totals: readonly Total[];
  readonly token: TokenState;
}

export function renderPage({ notes, totals, token }: PageData): string {
  return `<!doctype html>
<html lang="en">
<title>Notes</title>
<style>body { font: 16px/1.5 sans-serif; max-width: 40rem; margin: 2rem auto } td { padding-right: 1rem }</style>
<h1>Notes</h1>
<form method="post" action="/notes"><input name="text" required maxlength="200" aria-label="Note"> <button>Add</button></form>
${table(
  "notes",
  notes.map(({ id, text, at }) => [id, text, at.toISOString()]),
)}
<h2>Orders by region</h2>
${table(
  "totals",
  totals.map(({ region, total }) => [region, total]),
)}
<h2>Database credential</h2>
${table("token", [
  ["minted", token.minted],
  ["failed", token.failed],
  ["last minted", token.mintedAt?.toISOString() ?? "never"],
  ["because", token.cause ?? "nobody asked yet"],
])}
</html>
`;
}

function table(id: string, rows: readonly (readonly unknown[])[]): string {
  const cells = (row: readonly unknown[]): string => row.map((value) => `<td>${escape(String(value))}</td>`).join("");
  return `<table id="${id}">\n${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}\n</table>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
