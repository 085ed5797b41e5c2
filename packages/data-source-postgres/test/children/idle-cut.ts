// Run by resilience.int.test.ts: a process with nothing but an idle connection, which its parent cuts.
import { createPostgresDataSource } from "../../src/index.ts";

const source = createPostgresDataSource({ url: process.env["DATABASE_URL"] as string });
const ask = async (): Promise<void> => {
  const { rows } = await source.query<{ pid: bigint }>("select pg_backend_pid() as pid");
  process.stdout.write(`${rows[0]?.pid}\n`);
};
await ask();
for await (const chunk of process.stdin) {
  if (String(chunk).includes("again")) await ask();
  if (String(chunk).includes("leave")) break;
}
// No close(): an idle pool must not keep the process alive.
process.stdin.destroy();
