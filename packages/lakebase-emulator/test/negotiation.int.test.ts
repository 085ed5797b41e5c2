import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { clientConfig, connect, loginError } from "./support.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startLakebaseEmulator();
});
beforeEach(() => emulator.resetCounters());
afterAll(() => emulator.close());

function request(code: number, rest: number[] = []): Buffer {
  const packet = Buffer.alloc(8 + rest.length * 4);
  for (const [i, word] of [packet.length, code, ...rest].entries()) packet.writeInt32BE(word, i * 4);
  return packet;
}
const SSL = request(80_877_103);
const GSSENC = request(80_877_104);

async function tcp(): Promise<Socket> {
  const socket = connectTcp(emulator.port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function nextByte(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString();
}

async function upgrade(socket: Socket, servername: string | undefined): Promise<TLSSocket> {
  socket.write(SSL);
  expect(await nextByte(socket)).toBe("S");
  const tls = connectTls({
    socket,
    ca: emulator.ca,
    host: "localhost",
    ...(servername === undefined ? {} : { servername }),
  });
  await once(tls, "secureConnect");
  return tls;
}

async function sendCancel(
  stream: Socket,
  { processID, secretKey }: { processID: number; secretKey: number },
): Promise<void> {
  stream.on("error", () => {
    // A reset is one way to be refused.
  });
  stream.write(request(80_877_102, [processID, secretKey]));
  stream.resume();
  await once(stream, "close");
}

/** pg keeps both, without a type. */
function keyOf(client: object): { processID: number; secretKey: number } {
  return client as { processID: number; secretKey: number };
}

async function untilSleeping(pid: number): Promise<void> {
  await expect
    .poll(async () => (await emulator.query("SELECT wait_event FROM pg_stat_activity WHERE pid = $1", [pid])).rows, {
      timeout: 10_000,
    })
    .toEqual([{ wait_event: "PgSleep" }]);
}

test("a client without TLS is turned away like by stock Postgres", async () => {
  expect(await loginError(emulator, { ssl: false, password: emulator.databaseToken() })).toEqual({
    severity: "FATAL",
    code: "28000",
    message: `no pg_hba.conf entry for host "127.0.0.1", user "${emulator.user}", database "databricks_postgres", no encryption`,
  });
  expect(emulator.counters).toMatchObject({ connections: 1, loginsRejected: 1, logins: 0 });
});

test("a TLS client without a server name is turned away, unless asked otherwise", async () => {
  const password = emulator.databaseToken();
  const { message } = await loginError(emulator, { host: "127.0.0.1", password });
  expect(message).toContain("Endpoint ID is not specified.");
  expect(emulator.lastSni).toBeUndefined();

  await using lenient = await startLakebaseEmulator({ requireSni: false });
  await using client = await connect({ ...lenient, host: "127.0.0.1" }, lenient.databaseToken());
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("the certificate verifies against emulator.ca only", async () => {
  const failure = await loginError(emulator, { ...clientConfig(emulator, emulator.databaseToken()), ssl: true });
  expect(failure.code).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("GSSENCRequest is answered N, and TLS can follow on the same connection", async () => {
  const socket = await tcp();
  socket.write(GSSENC);
  expect(await nextByte(socket)).toBe("N");
  const tls = await upgrade(socket, "localhost");
  expect(tls.authorized).toBe(true);
  tls.destroy();
});

test("direct TLS logs in; it needs the ALPN protocol", async () => {
  await using client = await connect(emulator, emulator.databaseToken(), { sslnegotiation: "direct" });
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);

  const nameless = connectTls({ port: emulator.port, host: "localhost", ca: emulator.ca });
  nameless.on("error", () => {
    // However it is closed.
  });
  await once(nameless, "close");
  expect(emulator.counters).toMatchObject({ connections: 2, logins: 1 });
});

test("plain bytes behind an SSLRequest are refused", async () => {
  const socket = await tcp();
  socket.on("error", () => {
    // However it is closed.
  });
  socket.write(Buffer.concat([SSL, request(196_608)]));
  socket.resume();
  await once(socket, "close");
  expect(socket.bytesRead).toBe(0);
});

test("nonsense, and clients that leave half-way, do no harm", async () => {
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), request(196_608).subarray(0, 5), Buffer.alloc(64)]) {
    const socket = await tcp();
    socket.on("error", () => {
      // However it is closed.
    });
    socket.end(bytes);
    socket.resume();
    await once(socket, "close");
  }
  await using client = await connect(emulator);
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a cancel request in the clear or without a name is dropped, one over TLS reaches Postgres", async () => {
  await using client = await connect(emulator);
  const key = keyOf(client);
  const sleep = client.query("SELECT pg_sleep(60)").catch((error: unknown) => error);
  await untilSleeping(key.processID);

  await sendCancel(await tcp(), key);
  await sendCancel(await upgrade(await tcp(), undefined), key);
  expect(emulator.counters).toMatchObject({ cancelsRefused: 2, cancels: 0 });
  await untilSleeping(key.processID);

  await sendCancel(await upgrade(await tcp(), "localhost"), key);
  expect(await sleep).toMatchObject({ code: "57014" });
  expect(emulator.counters).toMatchObject({ cancelsRefused: 2, cancels: 1, connections: 4, logins: 1 });
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});
