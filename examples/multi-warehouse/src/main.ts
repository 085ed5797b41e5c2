import { createDataSource, type DataSource } from "@org/data-source";
import { askForSales, cancel, fill, streamOrders } from "./questions.ts";
import { startWarehouses, type Warehouse } from "./warehouses.ts";

const startedMs = performance.now();
const say = (text: string): void =>
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const failures: string[] = [];

await using resources = new AsyncDisposableStack();
say("starting local engines");
const warehouses = await startWarehouses();
for (const warehouse of warehouses) resources.use(warehouse);
say(warehouses.map(({ name }) => name).join(", "));
if (warehouses.length < 4) say("no MariaDB or MySQL on this machine: it is left out");

const sources = await Promise.all(
  warehouses.map(async (warehouse): Promise<[Warehouse, DataSource]> => {
    const onEvent = (event: { readonly type: string; readonly reason?: string }): void => {
      if (event.type === "reconnected") say(`${warehouse.name}: a fresh session; ${event.reason ?? ""}`);
    };
    const source = await createDataSource({ ...warehouse.config, access: "read-write", onEvent });
    resources.use(source);
    await fill(source, warehouse.createTable);
    return [warehouse, source];
  }),
);

say("the same question to all of them at once");
const table = await Promise.all(
  sources.map(async ([{ name }, source]) => {
    const { answer, ms } = await askForSales(source);
    const { rows, batches } = await streamOrders(source);
    return { name, answer, "first answer (ms)": Math.round(ms), "rows streamed": rows, batches };
  }),
);
const [expected] = table;
say(`sales by region: ${expected?.answer ?? ""}`);
for (const { name, answer } of table) if (answer !== expected?.answer) failures.push(`${name} says ${answer}`);

const after = new Map<string, string>();
for (const [{ name, slow, expire }, source] of sources) {
  if (slow !== undefined) {
    const { code, ms } = await cancel(source, slow);
    say(`${name}: a statement of 30 s was aborted: ${code} after ${ms.toFixed(0)} ms`);
    if (code !== "CANCELLED") failures.push(`${name}: ${code} instead of CANCELLED`);
    after.set(name, `${code} in ${ms.toFixed(0)} ms`);
  }
  if (expire !== undefined) {
    say(`${name}: the server ends the session`);
    expire();
    const { answer, ms } = await askForSales(source);
    if (answer !== expected?.answer) failures.push(`${name} says ${answer} after its session had expired`);
    after.set(name, `healed in ${ms.toFixed(0)} ms`);
  }
}

console.table(
  Object.fromEntries(
    table.map(({ name, answer, ...figures }) => [
      name,
      { ...figures, "same answer": answer === expected?.answer, afterwards: after.get(name) ?? "" },
    ]),
  ),
);
for (const failure of failures) console.error(`failed: ${failure}`);
if (failures.length > 0) process.exitCode = 1;
