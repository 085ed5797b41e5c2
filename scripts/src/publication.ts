import { createHash } from "node:crypto";
import type { Registry } from "./registry.ts";
import type { StagedPackage } from "./staging.ts";

/** An upload is listed within seconds; a registry under load was seen to take minutes. */
const INSTALLABLE_WITHIN_MS = 300_000;
const POLL_MS = 1000;

export interface PublishOptions {
  readonly registry: Registry;
  readonly dryRun: boolean;
  readonly log: (line: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Publishes packages in the given order, each when all before it can be installed. What is there already is skipped, so
 * that a second run goes on where a first one stopped. Stops at the first failure: nothing is published on top of it.
 */
export async function publishAll(packages: readonly StagedPackage[], options: PublishOptions): Promise<void> {
  const { registry, dryRun, log } = options;
  for (const pkg of packages) {
    const { name, version } = pkg.manifest;
    const isThere = (await registry.look(name))?.versions.has(version) === true;
    if (dryRun) {
      log(`${isThere ? "would skip" : "would publish"} ${name}@${version}`);
      continue;
    }
    if (!isThere) await registry.upload(pkg);
    await installable(pkg, options);
    log(`${isThere ? "skipped" : "published"} ${name}@${version}`);
  }
}

/** Waits until a version is listed and its tarball is served whole: some registries list it minutes earlier. */
async function installable(
  { manifest: { name, version } }: StagedPackage,
  { registry, sleep }: PublishOptions,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const published = (await registry.look(name))?.versions.get(version);
    const tarball = published === undefined ? undefined : await registry.download(published.tarball);
    if (tarball !== undefined && integrityOf(tarball) === published?.integrity) return;
    if (waitedMs >= INSTALLABLE_WITHIN_MS)
      throw new Error(
        `${name}@${version} is uploaded but could not be installed within ${INSTALLABLE_WITHIN_MS / 1000} s. ` +
          "Nothing after it was published; run this again when it is.",
      );
    await sleep(POLL_MS);
  }
}

function integrityOf(tarball: Uint8Array): string {
  return `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
}
