import { afterAll, beforeAll, expect, test } from "vitest";
import { type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { connect, databaseToken } from "./support.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startLakebaseEmulator();
});
afterAll(() => emulator.close());

test("a minted credential logs in at a real Postgres, over verified TLS", async () => {
  await using client = await connect(emulator, await databaseToken(emulator));
  const { rows } = await client.query(
    "SELECT current_user, current_setting('server_version_num')::int / 10000 AS major",
  );
  expect(rows).toEqual([{ current_user: emulator.clientId, major: 18 }]);
  expect(emulator.counters).toMatchObject({ token: 1, mintAutoscaling: 1, connections: 1, logins: 1 });
  expect(emulator.lastSni).toBe("localhost");
});
