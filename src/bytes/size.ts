const powers: Readonly<Record<string, number>> = { "": 0, K: 1, M: 2, G: 3, T: 4 };

/** A size in bytes, K, M, G or T being powers of 1024; undefined for what is none. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,15})([KMGT]?)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits) * 1024 ** powers[unit.toUpperCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
