// Prints what kind of error a call without any identity ends with.
import { generateDatabaseCredential } from "@org/lakebase-auth";

try {
  const { expiresAt } = await generateDatabaseCredential();
  process.stdout.write(expiresAt.toISOString());
} catch (error) {
  if (error instanceof Error) process.stdout.write(`${error.name}: ${error.message}`);
}
