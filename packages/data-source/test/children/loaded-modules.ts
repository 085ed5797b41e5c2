// Prints which modules the import of the package loads, and which more the first source of a URL does.
import { registerHooks } from "node:module";

let loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    if (!url.startsWith("node:")) loaded.push(url);
    return next(url, context);
  },
});

const { createDataSource } = await import("@org/data-source");
const atImport = loaded;
loaded = [];
const source = await createDataSource(process.argv[2] ?? "");
await source.close();
console.log(JSON.stringify({ atImport, atCreate: loaded }));
