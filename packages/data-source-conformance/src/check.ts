import { expect } from "vitest";
import { failure, type Suite } from "./suite.ts";

export function checkCases(suite: Suite): void {
  suite.test("check: each step with its outcome", async ({ harness, create }) => {
    const report = await create().check();
    expect(report.steps.filter((step) => step.outcome === "failed")).toEqual([]);
    expect(report.ok).toBe(true);
    const names = report.steps.map((step) => step.name);
    expect(names).toEqual(
      expect.arrayContaining(["resolve", "tcp", "tls", "login", "privileges", "version", "latency"]),
    );
    for (const step of report.steps) {
      if (step.outcome === "ok") expect(step.durationMs, step.name).toBeGreaterThanOrEqual(0);
      else expect(step.detail, step.name).toEqual(expect.any(String));
    }
    expect(report.serverVersion).toEqual(expect.any(String));
    expect(report.user).toEqual(expect.any(String));
    expect(report.latencyMs).toBeGreaterThan(0);
    expect(report.canWrite).toBe(harness.canWrite);
  });

  suite.test("check: a refused password fails at login and is not an exception", async ({ harness, track }) => {
    const report = await track(harness.createWithWrongPassword("wrong-canary-7345")).check();
    expect(report.ok).toBe(false);
    const login = report.steps.findIndex((step) => step.name === "login");
    expect(report.steps[login]).toMatchObject({ outcome: "failed", error: { code: "AUTHENTICATION" } });
    expect(report.steps[login]?.hint).toEqual(expect.any(String));
    for (const step of report.steps.slice(0, login)) expect(step.outcome, step.name).not.toBe("failed");
    for (const step of report.steps.slice(login + 1)) expect(step.outcome, step.name).toBe("skipped");
    expect([report.serverVersion, report.latencyMs, report.canWrite]).toEqual([undefined, undefined, undefined]);
  });

  suite.test("check: nobody listening fails at tcp and is not an exception", async ({ harness, track }) => {
    const report = await track(harness.createUnreachable()).check();
    expect(report.ok).toBe(false);
    expect(report.steps.find((step) => step.name === "tcp")).toMatchObject({ outcome: "failed" });
    expect(report.steps.find((step) => step.name === "login")).toMatchObject({ outcome: "skipped" });
  });

  suite.test("check: an abort rejects", async ({ create }) => {
    await failure(create().check({ signal: AbortSignal.abort() }), "CANCELLED");
  });
}
