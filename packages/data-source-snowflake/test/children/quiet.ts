// Told an emulator's options: uses the adapter, leaves without closing it, and reports what was loaded and contacted.
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { createSnowflakeDataSource } from "../../src/index.ts";

const require = createRequire(import.meta.url);
const isLoaded = (): boolean => require.cache[require.resolve("snowflake-sdk")] !== undefined;
const hosts = new Set<string>();
const { connect } = Socket.prototype;
Socket.prototype.connect = function watch(this: Socket, ...given: unknown[]) {
  const [options] = given.flat() as { host?: string }[];
  hosts.add(options?.host ?? JSON.stringify(options));
  return connect.apply(this, given as never);
};

const { accessUrl, account, username, password } = JSON.parse(process.argv[2] ?? "{}") as Record<string, string>;
const source = createSnowflakeDataSource({
  accessUrl: accessUrl as string,
  account: account as string,
  username: username as string,
  password: password as string,
});
const before = isLoaded();
const { rows } = await source.query("select 1 as v");
const value = String((rows[0] as { V: bigint }).V);
// No log file, no probe, and a heartbeat timer that lets the process end.
console.log(JSON.stringify({ before, after: isLoaded(), value, hosts: [...hosts] }));
