// What @google-cloud/bigquery does, and why this package does not send through it (CONTEXT.md). When a test here fails
// after an update of the client, that reason is gone.
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startServer, token, type TestServer } from "./server.ts";

let server: TestServer;
let authClient: OAuth2Client;
let client: BigQuery;

beforeEach(async () => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  server = await startServer();
  authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  const { projectId, url: apiEndpoint } = server.emulator;
  client = new BigQuery({ projectId, apiEndpoint, authClient, retryOptions: { autoRetry: false } });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.emulator.close();
});

const slowMs = 500;
const slow = (): void =>
  server.emulator.script({
    sql: "select slowly",
    answer: { schema: [{ name: "a", type: "INTEGER" }], rows: [["1"]], durationMs: slowMs },
  });

test("a timeout and an abort signal of a request have no effect, and nothing is returned to stop it by", async () => {
  slow();
  const started = performance.now();
  const caller = new AbortController();
  setTimeout(() => caller.abort(), 50);
  const body = await new Promise((resolve, reject) => {
    const json = { query: "select slowly", useLegacySql: false, timeoutMs: 10_000 };
    const options = { method: "POST", uri: "/queries", json, timeout: 50, signal: caller.signal };
    const handle: unknown = client.request(options, (error, reply) => (error ? reject(error) : resolve(reply)));
    expect(handle).toBeUndefined();
  });
  expect(body).toMatchObject({ jobComplete: true });
  expect(performance.now() - started).toBeGreaterThan(slowMs - 10);
});

test("a text in braces is replaced inside of SQL and bound values", async () => {
  const [rows] = await client.query({
    query: "select '{{projectId}}' as a, @b as b",
    params: { b: "{{projectId}}" },
  });
  expect(rows).toEqual([{ a: "test-project", b: "test-project" }]);
});

test("each query has a requestId of the client's own, whatever the caller's", async () => {
  const options = { query: "select 1 as a", requestId: "mine" };
  await client.query(options);
  await client.query(options);
  const ids = server.emulator.requests.map((request) => request.body["requestId"]);
  expect(ids).toEqual([expect.any(String), expect.any(String)]);
  expect(new Set([...ids, "mine"]).size).toBe(3);
});

test("a job timeout is taken by jobs.insert only", async () => {
  await client.query({ query: "select 1 as a", jobTimeoutMs: 5000 });
  expect(server.emulator.requests[0]?.route).toBe("jobs.insert");
});

test("a 64-bit integer is rounded", async () => {
  const [rows] = await client.query("select 9007199254740993 as a");
  expect(rows).toEqual([{ a: 9007199254740992 }]);
});

test.each(["rateLimitExceeded", "accessDenied"])("%s fails at once, the one like the other", async (reason) => {
  const patient = new BigQuery({
    projectId: server.emulator.projectId,
    apiEndpoint: server.emulator.url,
    authClient,
    retryOptions: { autoRetry: true, maxRetries: 2 },
  });
  server.emulator.fault({ on: "jobs.query", kind: "error", reason });
  await expect(patient.query("select 1 as a")).rejects.toMatchObject({ errors: [{ reason }] });
  expect(server.emulator.requests).toHaveLength(1);
});

test("tokens of a client that is there already serve as credentials", async () => {
  const accessToken = async (): Promise<string> => (await client.authClient.getAccessToken()) ?? "";
  await using source = server.create({ credentials: { accessToken } });
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
});
