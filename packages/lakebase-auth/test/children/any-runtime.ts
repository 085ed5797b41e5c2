// Runs on Node, Bun and Deno: the main path, then the drivers, with an eager provider that is never closed.
import { Pool } from "pg";
import postgres from "postgres";
import { createPasswordProvider, getOrmConfig, getPgConfig } from "../../src/index.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const ssl = { ca: process.env["CA"] ?? "" };

const password = createPasswordProvider();
const tokens = await Promise.all(Array.from({ length: 100 }, () => password()));
say(`tokens ${new Set(tokens).size}`);
password.invalidate(await password());
say(`renewed ${(await password()) !== tokens[0]}`);

const closed = createPasswordProvider({ share: false });
await closed.close();
await closed().catch((error: unknown) => say(String(Reflect.get(Object(error), "code"))));

const late = createPasswordProvider({
  fetchCredential: () => new Promise(() => {}),
  attemptTimeoutMs: 100,
  retry: { delaysMs: [] },
});
await late().catch((error: unknown) => say(String(Reflect.get(Object(error), "code"))));

const pool = new Pool(getPgConfig({ ssl }));
say(`pg ${String((await pool.query("select 1 as one")).rows[0].one)}`);
await pool.end();

const sql = postgres(getOrmConfig({ ssl }));
say(`postgres.js ${String((await sql`select 1 as one`)[0]?.["one"])}`);
await sql.end();
interface BunSql {
  (strings: TemplateStringsArray): Promise<{ one: number }[]>;
  close(): Promise<void>;
}
const { Bun } = globalThis as { Bun?: { SQL: new (options: object) => BunSql } };
if (Bun !== undefined) {
  const config = getOrmConfig({ ssl });
  const trusted = new Bun.SQL({ ...config, tls: config.ssl });
  say(`Bun.SQL ${(await trusted`select 1 as one`)[0]?.one}`);
  await trusted.close();
  const stranger = new Bun.SQL({ ...config, tls: getOrmConfig().ssl });
  await stranger`select 1 as one`.catch((error: unknown) =>
    say(`Bun.SQL ${String(Reflect.get(Object(error), "code"))}`),
  );
  await stranger.close();
}
say("done");
