import { describe, expect, test, vi } from "vitest";
import { accessToken, failure, fakeWorkspace, HOST, jwt, networkFailure, status } from "../../test/fake-workspace.ts";
import { externalTokenProvider } from "./external.ts";
import { federatedTokenProvider } from "./federated.ts";

const FOREIGN = jwt({ iss: "https://idp.example.com", sub: "app" });
const CLIENT_ID = "00000000-0000-0000-0000-000000000000";

describe("an exchange", () => {
  test("of a foreign token: 100 calls are 1 request", async () => {
    const inner = vi.fn<() => string>(() => FOREIGN);
    const { fetch, tokens } = fakeWorkspace();
    const provider = federatedTokenProvider(externalTokenProvider(inner), { workspaceHost: HOST, fetch });
    const all = await Promise.all(Array.from({ length: 50 }, () => provider.getToken()));
    for (let call = 0; call < 50; call++) all.push(await provider.getToken());
    expect(new Set(all.map((token) => token.accessToken))).toEqual(new Set(["canary-ws-1"]));
    expect(tokens).toHaveLength(1);
    expect(inner).toHaveBeenCalledOnce();
    expect(tokens[0]?.url).toBe("https://workspace.example.com/oidc/v1/token");
    expect(Object.fromEntries(new URLSearchParams(tokens[0]?.body))).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: FOREIGN,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      scope: "all-apis",
    });
    expect(tokens[0]?.headers.get("authorization")).toBeNull();
    provider.close();
  });

  test("can name the service principal and the scope", async () => {
    const { fetch, tokens } = fakeWorkspace();
    const options = { workspaceHost: HOST, fetch, clientId: CLIENT_ID, scope: "sql" };
    await federatedTokenProvider(
      externalTokenProvider(() => FOREIGN),
      options,
    ).getToken();
    expect(new URLSearchParams(tokens[0]?.body).get("client_id")).toBe(CLIENT_ID);
    expect(new URLSearchParams(tokens[0]?.body).get("scope")).toBe("sql");
  });

  test.each([
    ["the workspace's own token", jwt({ iss: `${HOST}/oidc` })],
    ["a personal access token", "dapi0123456789abcdef"],
    ["a JWT without an issuer", jwt({ sub: "x" })],
  ])("does not happen for %s", async (_, token) => {
    const { fetch, tokens } = fakeWorkspace();
    const provider = federatedTokenProvider(
      externalTokenProvider(() => token),
      { workspaceHost: HOST, fetch },
    );
    expect((await provider.getToken()).accessToken).toBe(token);
    expect(tokens).toHaveLength(0);
  });

  test("happens for an issuer that only looks like the workspace", async () => {
    const { fetch, tokens } = fakeWorkspace();
    const token = jwt({ iss: `${HOST}.evil.example.com/oidc` });
    const provider = federatedTokenProvider(
      externalTokenProvider(() => token),
      { workspaceHost: HOST, fetch },
    );
    expect((await provider.getToken()).accessToken).toBe("canary-ws-1");
    expect(tokens).toHaveLength(1);
  });
});

describe("an exchange that fails", () => {
  test.each([
    ["is an error: 403", () => status(403), 403],
    ["is an error: no network", networkFailure, undefined],
  ])("%s", async (_, token, code) => {
    const { fetch } = fakeWorkspace({ token });
    const provider = federatedTokenProvider(
      externalTokenProvider(() => FOREIGN),
      { workspaceHost: HOST, fetch },
    );
    expect(await failure(provider.getToken())).toMatchObject({ name: "CredentialError", status: code });
  });

  test("sends the foreign token only if that was asked for", async () => {
    const { fetch } = fakeWorkspace({ token: () => status(403) });
    const options = { workspaceHost: HOST, fetch, fallback: true };
    const provider = federatedTokenProvider(
      externalTokenProvider(() => FOREIGN),
      options,
    );
    expect((await provider.getToken()).accessToken).toBe(FOREIGN);
  });

  test("is not cached", async () => {
    const { fetch } = fakeWorkspace({ token: (call, index) => (index === 1 ? status(503) : accessToken(call, index)) });
    const provider = federatedTokenProvider(
      externalTokenProvider(() => FOREIGN),
      { workspaceHost: HOST, fetch },
    );
    await failure(provider.getToken());
    expect((await provider.getToken()).accessToken).toBe("canary-ws-2");
  });
});

test("an external provider passes the signal on, and stops waiting when it aborts", async () => {
  const heard = vi.fn<(options: { signal?: AbortSignal }) => Promise<string>>(() => new Promise(() => {}));
  const { signal, abort } = withAbort();
  const waiting = failure(externalTokenProvider(heard).getToken({ signal }));
  abort(new Error("enough"));
  expect(await waiting).toMatchObject({ message: "enough" });
  expect(heard.mock.calls).toEqual([[{ signal }]]);
});

test.each(["", "  ", undefined, null, {}, { accessToken: "" }])("an external provider refuses %j", async (given) => {
  expect(await failure(externalTokenProvider(() => given as string).getToken())).toMatchObject({ code: "EMPTY_TOKEN" });
});

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) };
}
