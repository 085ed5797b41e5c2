// Creates an eager provider, uses it once if told so, closes nothing, and comes to its end.
import { createPasswordProvider } from "@org/lakebase-auth";

const password = createPasswordProvider();
if (process.env["USE"] === "once") process.stdout.write(String((await password()).length > 20));
process.stdout.write(" done");
