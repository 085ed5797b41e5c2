import { readFile } from "node:fs/promises";

/** Of this package; its manifest is two folders above the sources of the command line, and one above the built one. */
export async function readVersion(): Promise<string> {
  for (const path of ["../package.json", "../../package.json"]) {
    const text = await readFile(new URL(path, import.meta.url), "utf8").catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
  }
  return "unknown";
}
