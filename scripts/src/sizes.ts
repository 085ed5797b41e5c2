/** What a package costs whoever installs it. */
export interface Size {
  readonly packedBytes: number;
  /** Itself and all it brings, for every platform. */
  readonly packages: number;
  /** Milliseconds to import its main entry in a new process. */
  readonly coldImportMs: number;
}

export interface SizeRecord {
  readonly budget: Size;
  /** Of its latest release, if there is one. */
  readonly released?: Size & { readonly version: string };
}

const KEYS = ["packedBytes", "packages", "coldImportMs"] as const;

/** One line per package: each figure, its change since the latest release, its budget. */
export function formatSize(name: string, size: Size, { budget, released }: SizeRecord): string {
  const figures = KEYS.map((key) => {
    const change =
      released === undefined ? "" : ` (${size[key] >= released[key] ? "+" : ""}${size[key] - released[key]})`;
    return `${key} ${size[key]}${change} of ${budget[key]}`;
  });
  return `${name}, ${released === undefined ? "never released" : `since ${released.version}`}: ${figures.join(", ")}`;
}

/** The figures that exceed their budget. */
export function findExcess(name: string, size: Size, record: SizeRecord | undefined): string[] {
  if (record === undefined) return [`${name}: has no budget; give it one in scripts/sizes.json`];
  return KEYS.filter((key) => size[key] > record.budget[key]).map(
    (key) =>
      `${name}: ${key} is ${size[key]}, over its budget of ${record.budget[key]}; save, or change scripts/sizes.json and say why`,
  );
}
