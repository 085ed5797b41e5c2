/** Which internal packages each package may import: in its sources, and (more) in its tests and benches. */
const SOURCE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  "@org/lakebase-auth": [],
  "@org/lakebase-emulator": [],
  "@org/warehouse-emulators": [],
  "@org/data-source-core": [],
  "@org/data-source-conformance": ["@org/data-source-core"],
  "@org/data-source-postgres": ["@org/data-source-core", "@org/lakebase-auth"],
  "@org/data-source-mysql": ["@org/data-source-core"],
  "@org/data-source-snowflake": ["@org/data-source-core"],
  "@org/data-source-bigquery": ["@org/data-source-core"],
  "@org/data-source": [
    "@org/data-source-core",
    "@org/data-source-postgres",
    "@org/data-source-mysql",
    "@org/data-source-snowflake",
    "@org/data-source-bigquery",
  ],
};

const TEST_ARROWS: Readonly<Record<string, readonly string[]>> = {
  "@org/lakebase-auth": ["@org/lakebase-emulator"],
  "@org/data-source-postgres": ["@org/data-source-conformance", "@org/lakebase-emulator"],
  "@org/data-source-mysql": ["@org/data-source-conformance", "@org/warehouse-emulators"],
  "@org/data-source-snowflake": ["@org/data-source-conformance", "@org/warehouse-emulators"],
  "@org/data-source-bigquery": ["@org/data-source-conformance", "@org/warehouse-emulators"],
  "@org/data-source": ["@org/lakebase-emulator", "@org/warehouse-emulators", "@org/data-source-conformance"],
};

/** A package as it lies in the workspace. */
export interface WorkspacePackage {
  readonly name: string;
  /** Private leaves (examples, benches) may import anything and are imported by nobody. */
  readonly isLeaf: boolean;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Path inside the package, and text. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"'\n]+)["']/g;

/** Every import or dependency that the table does not allow, one line each. */
export function findWrongArrows(packages: readonly WorkspacePackage[]): string[] {
  const names = new Set(packages.map(({ name }) => name));
  const leaves = new Set(packages.filter(({ isLeaf }) => isLeaf).map(({ name }) => name));
  return packages.flatMap((pkg) => {
    if (!pkg.isLeaf && SOURCE_ARROWS[pkg.name] === undefined)
      return [`${pkg.name}: has no line in scripts/src/arrows.ts; say what it may import`];
    const inSource = new Set(SOURCE_ARROWS[pkg.name]);
    const inTests = new Set([...inSource, ...(TEST_ARROWS[pkg.name] ?? [])]);
    const isAllowed = (target: string, allowed: ReadonlySet<string>): boolean =>
      !names.has(target) || target === pkg.name || (pkg.isLeaf ? !leaves.has(target) : allowed.has(target));
    const wrongDependencies = [
      ...pkg.dependencies.filter((target) => !isAllowed(target, inSource)),
      ...pkg.devDependencies.filter((target) => !isAllowed(target, inTests)),
    ].map((target) => `${pkg.name}/package.json depends on ${target}`);
    const wrongImports = pkg.files.flatMap(({ path, text }) => {
      const isSource = path.startsWith("src/") && !path.endsWith(".test.ts");
      return [...text.matchAll(IMPORT)].flatMap(([, specifier = ""]) => {
        const target = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : specifier;
        const place = `${pkg.name}/${path}`;
        if (!isAllowed(target, isSource ? inSource : inTests)) return [`${place} imports ${target}`];
        if (leavesPackage(path, specifier)) return [`${place} reaches out of its package: ${specifier}`];
        return [];
      });
    });
    return [...wrongDependencies, ...wrongImports, ...wrongPlatform(pkg)];
  });
}

function leavesPackage(path: string, specifier: string): boolean {
  if (!specifier.startsWith(".")) return false;
  const ups = specifier.split("/").filter((part) => part === "..").length;
  return ups > path.split("/").length - 1;
}

const NODE_IMPORT = /^(?:import|export)\s+(?!type\b)[^;]*?\bfrom\s+"node:/m;

/** The token core also runs on Bun, Deno and at the edge: `node:` only where a function needs it, never at import. */
function wrongPlatform({ name, files }: WorkspacePackage): string[] {
  if (name !== "@org/lakebase-auth") return [];
  return files
    .filter(({ path, text }) => path.startsWith("src/") && !path.endsWith(".test.ts") && NODE_IMPORT.test(text))
    .map(({ path }) => `${name}/${path} imports a node: module at load time`);
}
