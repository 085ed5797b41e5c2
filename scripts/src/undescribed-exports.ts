/** What of a package users can import, now and in its latest release. */
export interface ExportChange {
  readonly name: string;
  readonly version: string;
  readonly exports: readonly string[];
  readonly published: { readonly version: string; readonly exports: readonly string[] } | undefined;
  /** A changeset that names the package waits for its release. */
  readonly hasChangeset: boolean;
  /** The changelog describes a change in this version. */
  readonly isDescribed: boolean;
}

/** Says why a package must not be published: its public names changed, and no changeset ever told its users. */
export function findUndescribedExports(change: ExportChange): string | undefined {
  const { name, version, published } = change;
  if (published === undefined || change.hasChangeset) return undefined;
  const before = new Set(published.exports);
  const now = new Set(change.exports);
  const gone = [...before].filter((name) => !now.has(name)).map((name) => `-${name}`);
  const added = [...now].filter((name) => !before.has(name)).map((name) => `+${name}`);
  if (gone.length + added.length === 0) return undefined;
  if (version !== published.version && change.isDescribed) return undefined;
  const difference = [...gone, ...added].join(" ");
  return `${name}: its exports differ from those of ${published.version} (${difference}), and no changeset says so: run "pnpm changeset"`;
}
