// Two queries whose credential may not be had, then one more; says how each ended and that it is alive.
import { getOrmConfig } from "@org/lakebase-auth";
import postgres from "postgres";

process.on("unhandledRejection", () => process.stdout.write("UNHANDLED "));
const config = getOrmConfig({ ssl: { ca: process.env["CA"] ?? "" } });
const sql = postgres({ ...config, max: 2, connect_timeout: Number(process.env["CONNECT_TIMEOUT"] ?? 30) });
const outcome = (query: Promise<unknown>): Promise<string> =>
  query.then(
    () => "ok",
    (error: unknown) => String(Reflect.get(Object(error), "code")),
  );
const startedMs = performance.now();
const [first, second] = await Promise.all([outcome(sql`select 1`), outcome(sql`select 2`)]);
const third = await outcome(sql`select 3`);
process.stdout.write(JSON.stringify({ first, second, third, tookMs: performance.now() - startedMs }));
await sql.end({ timeout: 1 });
await config.close();
process.stdout.write(" alive");
