import { seededRandom } from "../../src/testing/random.ts";
import { printedSeed } from "../printed-seed.ts";
import type { SoakLength } from "../soak-length.ts";

/** A number below a bound, by chance. */
export type Dice = (below: number) => number;

/** What falls by chance, the same for a seed. */
export function diceOf(seed: number): Dice {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/** Tries something with one seed after another, as long as a random test goes on. */
export async function eachSeed(
  length: SoakLength,
  attempt: (seed: number, dice: Dice) => Promise<void>,
): Promise<void> {
  for (let seed = printedSeed(); length.goesOn(); seed++, length.add(1)) await attempt(seed, diceOf(seed));
}
