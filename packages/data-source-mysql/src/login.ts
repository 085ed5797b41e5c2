import type { Deadline } from "@org/data-source-core/adapter";
import mysql from "mysql2";
import { isIP } from "node:net";
import { connect as connectTls, type ConnectionOptions as TlsOptions } from "node:tls";
import type { DriverConnection, DriverError } from "./driver.ts";
import { isRefusedLogin, loginError, passwordError } from "./error-map.ts";
import type { ResolvedMySqlOptions } from "./options.ts";

/** The parts of opening a connection, in order. */
export type LoginStage = "resolve" | "tcp" | "tls" | "login";

/** Told when a part has succeeded. */
export type StageListener = (stage: LoginStage) => void;

/** How many statements a connection keeps prepared: enough for a service, little for the server's limit of 16,382. */
const preparedStatements = 64;

/** Opens a connection, logged in; a refused password is asked for once more. Rejects with our errors. */
export async function login(
  options: ResolvedMySqlOptions,
  deadline: Deadline,
  onStage?: StageListener,
): Promise<DriverConnection> {
  const { password, onEvent } = options;
  let token = await passwordOf(options, false, deadline);
  for (let isRetry = false; ; isRetry = true) {
    try {
      return await open(options, token, deadline, onStage);
    } catch (error) {
      if (isRetry || typeof password !== "function" || !isRefusedLogin(error)) throw failure(error, options, deadline);
      const renewed = await passwordOf(options, true, deadline);
      // The same again would only be refused again.
      if (renewed === token) throw failure(error, options, deadline);
      token = renewed;
      onEvent({ type: "retry", attempt: 2, reason: "password refused" });
    }
  }
}

async function passwordOf(
  { password, redact }: ResolvedMySqlOptions,
  isRetry: boolean,
  deadline: Deadline,
): Promise<string | undefined> {
  if (typeof password !== "function") return password;
  try {
    const token: unknown = await deadline.race(Promise.resolve(password({ isRetry })));
    if (typeof token !== "string" || token === "") throw new Error("It gave no text");
    redact.add(token);
    return token;
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : passwordError(error, redact);
  }
}

function failure(error: unknown, options: ResolvedMySqlOptions, deadline: Deadline): unknown {
  if (deadline.signal.aborted) return deadline.signal.reason;
  return loginError(error, options.redact);
}

function open(
  options: ResolvedMySqlOptions,
  password: string | undefined,
  deadline: Deadline,
  onStage: StageListener = () => undefined,
): Promise<DriverConnection> {
  const { host, port, user, database, ssl, clearPassword } = options;
  const connection = mysql.createConnection({
    ...(host.startsWith("/") ? { socketPath: host } : { host, port }),
    user,
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    // Only says that TLS is wanted: how, says `secure` below.
    ...(ssl !== false && { ssl: {} }),
    enableCleartextPlugin: clearPassword,
    charset: "utf8mb4_general_ci",
    // The server must not be able to ask for a file of ours.
    flags: ["-LOCAL_FILES"],
    // The deadline has the clock.
    connectTimeout: 0,
    maxPreparedStatements: preparedStatements,
    rowsAsArray: true,
    supportBigNumbers: true,
    dateStrings: true,
    jsonStrings: true,
    timezone: "Z",
  } as Parameters<typeof mysql.createConnection>[0]) as unknown as DriverConnection;
  if (ssl !== false) secure(connection, host, ssl, () => onStage("tls"));
  connection.stream.once("lookup", (error: Error | null) => {
    if (!error) onStage("resolve");
  });
  connection.stream.once("connect", () => onStage("tcp"));
  return new Promise((resolve, reject) => {
    const fail = (error: DriverError): void => {
      connection.stream.destroy();
      reject(error);
    };
    const abort = (): void => fail(deadline.signal.reason as DriverError);
    if (deadline.signal.aborted) abort();
    deadline.signal.addEventListener("abort", abort);
    // It stays: an error that nobody listens for would end the process.
    connection.on("error", fail);
    connection.once("connect", () => {
      deadline.signal.removeEventListener("abort", abort);
      onStage("login");
      resolve(connection);
    });
  });
}

/**
 * Replaces mysql2's TLS upgrade, which checks the certificate of a host that is an IP address against the name
 * `localhost`, and takes only some of Node's settings.
 */
function secure(connection: DriverConnection, host: string, ssl: TlsOptions, onSecure: () => void): void {
  connection.startTLS = (done) => {
    let isSecure = false;
    connection.stream.removeAllListeners("data");
    const name = isIP(host) === 0 && !host.startsWith("/") ? { servername: host } : {};
    const socket = connectTls({ host, ...name, ...ssl, socket: connection.stream }, () => {
      isSecure = true;
      onSecure();
      done();
    });
    socket.on("error", (error) => {
      // Later the socket below is closed, of which the driver hears.
      if (!isSecure) done(error);
    });
    socket.on("data", (chunk: Buffer) => connection.packetParser.execute(chunk));
    connection.stream = socket;
  };
}
