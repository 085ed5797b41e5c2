import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { publishAll } from "./publication.ts";
import { type PublishedVersion, type Registry, uploadArguments } from "./registry.ts";
import type { StagedPackage } from "./staging.ts";

const staged = (name: string, version = "0.1.0"): StagedPackage => ({
  manifest: { name, version },
  tarball: `/stage/${name}.tgz`,
  files: [],
});
const packages = [staged("@org/a"), staged("@org/b"), staged("@org/c")];

/** A registry that lists an upload at the `listedAfter`-th look and serves its tarball at the `servedAfter`-th try. */
function startFake({ listedAfter = 1, servedAfter = 1, refuses = "" } = {}) {
  const uploads: string[] = [];
  const events: string[] = [];
  const looks = new Map<string, number>();
  const tries = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string): number => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key) ?? 0;
  };
  const integrity = `sha512-${createHash("sha512").update("whole").digest("base64")}`;
  const registry: Registry = {
    look: (name) => {
      if (!uploads.includes(name) || count(looks, name) < listedAfter) return Promise.resolve(undefined);
      const versions = new Map<string, PublishedVersion>([["0.1.0", { tarball: name, integrity }]]);
      return Promise.resolve({ latest: "0.1.0", versions });
    },
    download: (name) => {
      const bytes = count(tries, name) < servedAfter ? undefined : new TextEncoder().encode("whole");
      if (bytes !== undefined) events.push(`served ${name}`);
      return Promise.resolve(bytes);
    },
    upload: ({ manifest: { name } }) => {
      events.push(`upload ${name}`);
      if (name === refuses) return Promise.reject(new Error(`refused ${name}`));
      uploads.push(name);
      return Promise.resolve();
    },
  };
  const lines: string[] = [];
  const sleeps: number[] = [];
  const options = {
    registry,
    dryRun: false,
    log: (line: string) => void lines.push(line),
    sleep: (ms: number) => {
      sleeps.push(ms);
      return Promise.resolve();
    },
  };
  return { registry, uploads, events, lines, sleeps, options };
}

describe("publishAll", () => {
  test("publishes in the given order, each when the one before it is served", async () => {
    const { options, events, lines } = startFake({ servedAfter: 3 });
    await publishAll(packages, options);
    expect(events).toEqual(["@org/a", "@org/b", "@org/c"].flatMap((name) => [`upload ${name}`, `served ${name}`]));
    expect(lines).toEqual(["published @org/a@0.1.0", "published @org/b@0.1.0", "published @org/c@0.1.0"]);
  });

  test("stops at the first failure, and run again goes on from there", async () => {
    const first = startFake({ refuses: "@org/b" });
    await expect(publishAll(packages, first.options)).rejects.toThrow("refused @org/b");
    expect(first.events).toEqual(["upload @org/a", "served @org/a", "upload @org/b"]);

    const second = startFake();
    second.uploads.push("@org/a");
    await publishAll(packages, second.options);
    expect(second.lines).toEqual(["skipped @org/a@0.1.0", "published @org/b@0.1.0", "published @org/c@0.1.0"]);
    expect(second.events).not.toContain("upload @org/a");
  });

  test("waits for a skipped one too: the run that uploaded it may have been killed", async () => {
    const { options, uploads, events } = startFake({ servedAfter: 2 });
    uploads.push("@org/a");
    await publishAll(packages.slice(0, 2), options);
    expect(events).toEqual(["served @org/a", "upload @org/b", "served @org/b"]);
  });

  test("publishes another version of what is there", async () => {
    const { options, uploads, events } = startFake({ servedAfter: Infinity });
    uploads.push("@org/a");
    await expect(publishAll([staged("@org/a", "0.1.1")], options)).rejects.toThrow("@org/a@0.1.1 is uploaded but");
    expect(events).toEqual(["upload @org/a"]);
  });

  test("gives up after five minutes, says so, and publishes nothing on top", async () => {
    const { options, events, sleeps } = startFake({ listedAfter: Infinity });
    await expect(publishAll(packages, options)).rejects.toThrow(
      "@org/a@0.1.0 is uploaded but could not be installed within 300 s. Nothing after it was published; run this again when it is.",
    );
    expect([sleeps.length, new Set(sleeps), events]).toEqual([300, new Set([1000]), ["upload @org/a"]]);
  });

  test("does not take a half served tarball for an installable one", async () => {
    const { options, registry, sleeps } = startFake();
    let tries = 0;
    const download: Registry["download"] = () =>
      Promise.resolve(new TextEncoder().encode((tries += 1) < 3 ? "who" : "whole"));
    await publishAll(packages.slice(0, 1), { ...options, registry: { ...registry, download } });
    expect(sleeps).toEqual([1000, 1000]);
  });

  test("only says what it would do", async () => {
    const { options, uploads, events, lines } = startFake();
    uploads.push("@org/b");
    await publishAll(packages, { ...options, dryRun: true });
    expect(lines).toEqual(["would publish @org/a@0.1.0", "would skip @org/b@0.1.0", "would publish @org/c@0.1.0"]);
    expect(events).toEqual([]);
  });
});

describe("uploadArguments", () => {
  test("makes a release the latest, with provenance where it is asked for", () => {
    const args = ["publish", "/stage/@org/a.tgz", "--access", "public", "--tag", "latest", "--no-git-checks"];
    expect(uploadArguments(staged("@org/a"), { provenance: false })).toEqual(args);
    expect(uploadArguments(staged("@org/a"), { provenance: true })).toEqual([...args, "--provenance"]);
  });

  test("never makes a prerelease the latest", () => {
    const args = uploadArguments(staged("@org/a", "0.1.0-pr.abc1234"), { provenance: false });
    expect(args.slice(args.indexOf("--tag"), args.indexOf("--tag") + 2)).toEqual(["--tag", "pr"]);
  });
});
