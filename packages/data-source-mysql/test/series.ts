/** A table whose column `seq` has the numbers from 1 to `count`, in order, each made when it is read. */
export function series(isMariaDb: boolean, count: number): string {
  if (isMariaDb) return `seq_1_to_${count}`;
  const tables = (["a", "b", "c"] as const).slice(0, Math.ceil(Math.log10(count + 1) / 3)).toReversed();
  const weights = { a: 1, b: 1000, c: 1_000_000 };
  const seq = tables.map((name) => `${weights[name]} * ${name}.n`).join(" + ");
  const bounds = tables.map((name) => `${name}.n < ${Math.ceil(count / weights[name])}`);
  const thousand = "with recursive k (n) as (select 0 union all select n + 1 from k where n < 999)";
  const from = tables.map((name) => `k ${name}`).join(" straight_join ");
  const where = [...bounds, `${seq} < ${count}`].join(" and ");
  // Without the hint rows would come in the order of a hash.
  return `(${thousand} select /*+ NO_BNL() */ ${seq} + 1 as seq from ${from} where ${where}) as series`;
}
