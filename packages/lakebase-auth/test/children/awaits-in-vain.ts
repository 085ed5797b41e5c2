// Awaits a credential that never comes: the attempt's deadline is all that ends the wait.
import { createPasswordProvider } from "@org/lakebase-auth";

const password = createPasswordProvider({
  fetchCredential: () => new Promise(() => {}),
  attemptTimeoutMs: 500,
  retry: { delaysMs: [100] },
});
await password().catch((error: unknown) => process.stdout.write(String(Reflect.get(Object(error), "code"))));
