/** `2024-02-29T01:02:03.000004Z`, written over for each timestamp: a stream has millions, and each part is garbage. */
const text = Buffer.from("0000-00-00T00:00:00.000000Z", "latin1");
const zulu = 0x5a;
const point = 0x2e;
const secondsInDay = 86_400;

/** Microseconds since 1970 as text → ISO 8601, with six digits of fraction unless it is zero. */
export function timestampOf(micros: string): string {
  const total = Number(micros);
  // Beyond the years 1684 to 2255 a double has too few digits.
  const exact = Number.isSafeInteger(total) ? undefined : BigInt(micros);
  const rest = exact === undefined ? total % 1_000_000 : Number(exact % 1_000_000n);
  const fraction = rest < 0 ? rest + 1_000_000 : rest;
  const seconds =
    exact === undefined ? (total - fraction) / 1_000_000 : Number((exact - BigInt(fraction)) / 1_000_000n);
  const days = Math.floor(seconds / secondsInDay);
  const inDay = seconds - days * secondsInDay;
  writeDate(days);
  write(Math.floor(inDay / 3600), 11, 2);
  write(Math.floor(inDay / 60) % 60, 14, 2);
  write(inDay % 60, 17, 2);
  if (fraction === 0) {
    text[19] = zulu;
    return text.toString("latin1", 0, 20);
  }
  text[19] = point;
  write(fraction, 20, 6);
  return text.toString("latin1", 0, 27);
}

/** The civil date of a day since 1970, by the proleptic Gregorian calendar, in eras of 400 years that begin in March. */
function writeDate(days: number): void {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  write(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 0, 4);
  write(month, 5, 2);
  write(dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1, 8, 2);
}

function write(value: number, at: number, digits: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    text[index] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
