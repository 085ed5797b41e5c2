import type { Section } from "../section.ts";
import { startServer } from "./server.ts";
import { createOurs } from "./subjects.ts";

const gibibyte = 2 ** 30;

/** The default cap on every path, as the emulator counts what is billed. */
export async function benchCost(): Promise<Section> {
  const paths: readonly [string, (source: ReturnType<typeof createOurs>, text: string) => Promise<unknown>][] = [
    ["query()", (source, text) => source.query(text)],
    [
      "stream()",
      async (source, text) => {
        for await (const rows of source.stream(text)) void rows;
      },
    ],
    ["batch()", (source, text) => source.batch([text])],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, run] of paths) {
    for (const table of ["small", "large"]) {
      using server = await startServer();
      await using source = createOurs(server.url);
      const outcome = await run(source, `select a from d.${table}`).then(
        () => "ran",
        (error: { code?: string }) => error.code ?? "failed",
      );
      const { bytesBilled } = await server.counts();
      rows.push([`${name} of ${table === "small" ? 20 : 30} GiB`, outcome, Number(bytesBilled) / gibibyte]);
    }
  }
  return {
    title: "Bytes billed under the default cap of 25 GiB",
    method: "One statement each; billed as the emulator counts.",
    head: ["", "outcome", "billed (GiB)"],
    rows,
  };
}
