import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { root, type PublicMember } from "./workspace.ts";

/** Name and text of the report on each entry of a built package: all that users can import, with its types. */
export function reportApi({ folder, manifest }: PublicMember, work: string): Map<string, string> {
  const projectFolder = join(root, folder);
  const typeFiles = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === "string" ? [] : (target["types"] ?? []),
  );
  return new Map(
    typeFiles.map((file) => {
      const name = `${basename(file, ".d.ts")}.api.md`;
      const reportFolder = join(work, folder);
      if (!existsSync(join(projectFolder, file))) throw new Error(`${folder}/${file} is not there: run "pnpm build"`);
      mkdirSync(reportFolder, { recursive: true });
      extract(projectFolder, join(projectFolder, file), reportFolder, name);
      return [name, readFileSync(join(reportFolder, name), "utf8")];
    }),
  );
}

function extract(projectFolder: string, entry: string, reportFolder: string, reportFileName: string): void {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, "package.json"),
    configObject: {
      projectFolder,
      mainEntryPointFilePath: entry,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            lib: ["es2024", "esnext.disposable"],
            module: "nodenext",
            moduleResolution: "nodenext",
            strict: true,
            skipLibCheck: true,
            types: ["node"],
            typeRoots: [join(root, "node_modules/@types")],
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder,
        reportTempFolder: join(reportFolder, "temp"),
      },
      messages: {
        extractorMessageReporting: { default: { logLevel: "none" as never } },
        tsdocMessageReporting: { default: { logLevel: "none" as never } },
        compilerMessageReporting: { default: { logLevel: "error" as never } },
      },
    },
  });
  // It says on the console which compiler it brings along, and that a report is new: neither is news here.
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      const level: string = message.logLevel;
      message.handled = level !== "error";
    },
  });
  if (!succeeded) throw new Error(`${entry}: no report could be made; see above`);
}
