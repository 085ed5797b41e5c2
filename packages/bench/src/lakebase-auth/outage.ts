import { install } from "@sinonjs/fake-timers";
import type { Section } from "../section.ts";
import { type Subject, subjects, type Token } from "./subjects.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LIFE = 60 * MINUTE;
const OUTAGE = 10 * MINUTE;
const INTERVAL = 10 * SECOND;

/** The share of new connections that get a password during an outage of the credential API. */
export async function benchOutage(): Promise<Section> {
  const rows: (string | number)[][] = [];
  for (const subject of subjects) {
    let asked = 0;
    let failed = 0;
    let affected = 0;
    for (let start = 0; start < LIFE; start += MINUTE) {
      const result = await simulate(subject, LIFE + start);
      asked += result.asked;
      failed += result.failed;
      if (result.failed > 0) affected += 1;
    }
    rows.push([subject.name, `${((1 - failed / asked) * 100).toFixed(2)} %`, `${affected} of ${LIFE / MINUTE}`]);
  }
  return {
    title: "New connections during a 10 min outage of the credential API",
    method:
      "Simulated time: tokens live 60 min, one new connection every 10 s, every mint in the outage fails with 503. The outage starts at each minute of the token's life in turn.",
    head: ["", "connections that got a password", "outages in which any failed"],
    rows,
  };
}

async function simulate(subject: Subject, outageAt: number): Promise<{ asked: number; failed: number }> {
  const clock = install({
    now: 0,
    // Those of connections that an earlier table left open.
    shouldClearNativeTimers: true,
    toFake: ["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  });
  try {
    const isDown = (): boolean => Date.now() >= outageAt && Date.now() < outageAt + OUTAGE;
    const mint = (): Promise<Token> =>
      isDown()
        ? Promise.reject(Object.assign(new Error("unavailable"), { statusCode: 503 }))
        : Promise.resolve({ token: `token-${Date.now()}`, expireTime: new Date(Date.now() + LIFE).toISOString() });
    const password = subject.create(mint);
    let asked = 0;
    let failed = 0;
    const pending: Promise<unknown>[] = [];
    const timer = setInterval(() => {
      const counts = isDown();
      if (counts) asked += 1;
      pending.push(
        password().then(undefined, () => {
          if (counts) failed += 1;
        }),
      );
    }, INTERVAL);
    await clock.tickAsync(outageAt + OUTAGE);
    clearInterval(timer);
    await clock.tickAsync(MINUTE);
    await Promise.all(pending);
    if ("close" in password) await (password as { close(): Promise<void> }).close();
    return { asked, failed };
  } finally {
    clock.uninstall();
  }
}
