import type { DataSource } from "@org/data-source";

const regions = ["east", "north", "south", "west"];
const orders = Array.from({ length: 400 }, (_, n) => `('${regions[n % 4] ?? ""}', ${(n * 37) % 1000}.25)`);

/** The same orders everywhere. */
export async function fill(source: DataSource, createTable: string): Promise<void> {
  await source.query(createTable, { readOnly: false });
  await source.query(`insert into orders (region, amount) values ${orders.join(", ")}`, { readOnly: false });
}

/** Sales by region, in one spelling: engines differ in the case of names and in trailing zeros, not in values. */
export async function askForSales(source: DataSource): Promise<{ answer: string; ms: number }> {
  const { rows, timings } = await source.query({
    text: "select region, count(*), sum(amount) from orders group by region order by region",
    rowMode: "array",
  });
  const lines = rows.map(([region, count, sum]) => `${String(region)} ${String(count)} ${Number(sum).toFixed(2)}`);
  return { answer: lines.join(", "), ms: timings.totalMs };
}

/** Reads all orders in batches; no more than one is in memory. */
export async function streamOrders(source: DataSource): Promise<{ rows: number; batches: number }> {
  let batches = 0;
  const stream = source.stream("select region, amount from orders", { batchRows: 100 });
  for await (const rows of stream) if (rows.length > 0) batches += 1;
  return { rows: stream.rowsDelivered, batches };
}

/** Starts a statement, aborts it, and tells how long it took until the server had stopped it. */
export async function cancel(source: DataSource, slow: string): Promise<{ code: string; ms: number }> {
  const controller = new AbortController();
  const running = source.query(slow, { signal: controller.signal }).then(
    () => "finished",
    (error: { code: string }) => error.code,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const startedMs = performance.now();
  controller.abort();
  const code = await running;
  return { code, ms: performance.now() - startedMs };
}
