// Awaits a credential that nothing but an unref'd timer will bring.
import { createPasswordProvider } from "@org/lakebase-auth";

const fetchCredential = (): Promise<{ token: string }> =>
  new Promise((resolve) => {
    setTimeout(() => resolve({ token: "late" }), 1_000).unref();
  });
const password = createPasswordProvider({ fetchCredential, refresh: "lazy" });
process.stdout.write(await password());
