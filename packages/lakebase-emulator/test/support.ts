import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Client, type ClientConfig } from "pg";
import type { LakebaseEmulator } from "../src/index.ts";

/** A workspace token by the client credentials grant. */
export async function workspaceToken(emulator: LakebaseEmulator): Promise<string> {
  const response = await fetch(`${emulator.workspaceHost}/oidc/v1/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${emulator.clientId}:${emulator.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

export function mint(
  emulator: LakebaseEmulator,
  bearer: string,
  body?: object,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${emulator.workspaceHost}/api/2.0/postgres/credentials`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body ?? { endpoint: emulator.endpoint }),
    redirect: "manual",
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A database token in the two steps that a program takes. */
export async function databaseToken(emulator: LakebaseEmulator): Promise<string> {
  const response = await mint(emulator, await workspaceToken(emulator));
  const { token } = (await response.json()) as { token: string };
  return token;
}

export function clientConfig(emulator: LakebaseEmulator, password: string): ClientConfig {
  const { host, port, user, database, ca } = emulator;
  return { host, port, user, database, password, ssl: { ca } };
}

/** A connected client of the real driver; ends with the test. */
export async function connect(
  emulator: LakebaseEmulator,
  password: string = emulator.databaseToken(),
  config: ClientConfig = {},
): Promise<Client & AsyncDisposable> {
  const client = new Client({ ...clientConfig(emulator, password), ...config });
  client.on("error", () => {
    // A test that cuts connections looks at the query, not at this.
  });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** The error with which a login fails. */
export async function loginError(emulator: LakebaseEmulator, config: ClientConfig): Promise<LoginFailure> {
  const client = new Client({ ...clientConfig(emulator, ""), ...config });
  client.on("error", () => {
    // The rejection of connect() carries it too.
  });
  try {
    await client.connect();
  } catch (error) {
    const { message, code, severity } = error as LoginFailure;
    return { message, code, severity };
  }
  await client.end();
  throw new Error("the login was let in");
}

interface LoginFailure {
  message: string;
  code: string | undefined;
  severity: string | undefined;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
