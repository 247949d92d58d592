/**
 * The seed of a random test that has a long form, printed. It is `SEED`, or else the same in each
 * short run: a rare difference is for the long ones to find, which are told `random` or a number.
 */
export function printedSeed(): number {
  const given = process.env["SEED"] ?? "1";
  const seed = given === "random" ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  console.log(`seed ${seed}`);
  return seed;
}
