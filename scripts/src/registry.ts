import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { prerelease } from "semver";
import type { StagedPackage } from "./staging.ts";

/** What a registry says about one version. */
export interface PublishedVersion {
  readonly tarball: string;
  /** `sha512-…`, as in a lockfile. */
  readonly integrity: string;
}

export interface PublishedPackage {
  readonly latest: string | undefined;
  readonly versions: ReadonlyMap<string, PublishedVersion>;
}

export interface Registry {
  /** What is published under a name; undefined: nothing. */
  look(name: string): Promise<PublishedPackage | undefined>;
  /** A published tarball; undefined: it is not served yet. */
  download(url: string): Promise<Uint8Array | undefined>;
  upload(pkg: StagedPackage): Promise<void>;
}

interface Packument {
  readonly "dist-tags"?: { readonly latest?: string };
  readonly versions?: Readonly<Record<string, { readonly dist: PublishedVersion }>>;
}

const REQUEST_TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** The registry at a URL; it is read anonymously, and written by pnpm with what pnpm is configured to log in with. */
export function openRegistry(url: string, { provenance }: { readonly provenance: boolean }): Registry {
  const get = async (target: string): Promise<Response | undefined> => {
    const response = await fetch(target, {
      headers: { "cache-control": "no-cache" },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    throw new Error(`The registry answered ${response.status} for ${new URL(target).pathname}`);
  };
  return {
    async look(name) {
      const response = await get(new URL(name.replace("/", "%2f"), url.endsWith("/") ? url : `${url}/`).href);
      if (response === undefined) return undefined;
      const { "dist-tags": tags, versions = {} } = (await response.json()) as Packument;
      return {
        latest: tags?.latest,
        versions: new Map(Object.entries(versions).map(([version, { dist }]) => [version, dist])),
      };
    },
    download: async (target) => (await get(target))?.bytes(),
    async upload(pkg) {
      await run("pnpm", uploadArguments(pkg, { provenance }), { cwd: dirname(pkg.tarball) });
    },
  };
}

/** How pnpm is called; the tree was looked at before. A prerelease never becomes what `npm install` picks. */
export function uploadArguments(
  { manifest, tarball }: Pick<StagedPackage, "manifest" | "tarball">,
  { provenance }: { readonly provenance: boolean },
): string[] {
  const tag = prerelease(manifest.version) === null ? "latest" : "pr";
  const args = ["publish", tarball, "--access", "public", "--tag", tag, "--no-git-checks"];
  return provenance ? [...args, "--provenance"] : args;
}
