const units: Readonly<Record<string, number>> = {
  B: 1,
  K: 1024,
  KB: 1000,
  KIB: 1024,
  M: 1024 ** 2,
  MB: 1000 ** 2,
  MIB: 1024 ** 2,
  G: 1024 ** 3,
  GB: 1000 ** 3,
  GIB: 1024 ** 3,
};

/**
 * A rate as rsync's `--bwlimit` takes it, in bytes a second: a number of KiB unless a unit follows,
 * of which K, M and G are powers of 1024, and KB, MB and GB of 1000. 0 is none. Undefined for what
 * is no rate.
 */
export function parseRate(text: string): number | undefined {
  const [, number, unit = "K"] = /^(\d{1,9}(?:\.\d{1,6})?)([KMG]?i?B?)?$/i.exec(text) ?? [];
  const factor = units[(unit === "" ? "K" : unit).toUpperCase()];
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}
