import { checkPermutation, invertPermutation } from "../../src/remotesync/permutation.ts";
import { shuffle, shuffledOrder, Shuffler, unshuffle } from "../../src/remotesync/shuffle.ts";
import { type Case, same, sameIfGiven } from "./check.ts";

/** shuffle.json. */
export function runShuffle({ n, perm, ...vector }: Case): void {
  checkPermutation(perm, perm.length);
  const inputs = Array.from({ length: n }, (_, i) => i);
  const shuffled = [...shuffle(inputs, perm)];
  same("inverse", vector.inverse, invertPermutation(perm));
  same(
    "shuffled",
    vector.shuffled,
    shuffled.map((value) => value ?? -1),
  );
  same("order", vector.shuffled, [...shuffledOrder(n, perm)]);
  same("restored", inputs, [...unshuffle(shuffled, perm)]);

  const raw = new Shuffler<number>(perm);
  sameIfGiven(
    vector,
    "rawPut",
    shuffled.map((_, t) => raw.put(inputs[t]) ?? null),
  );

  const inverse = new Shuffler<number>(invertPermutation(perm));
  const emits = shuffled.map((value) => (inverse.put(value) === undefined ? 0 : 1));
  sameIfGiven(vector, "emitsPerPut", emits);
  sameIfGiven(vector, "unshuffledDuringPut", sum(emits));
  const late = Array.from({ length: perm.length - 1 }, () => (inverse.put(undefined) === undefined ? 0 : 1));
  sameIfGiven(vector, "unshuffledDuringEnd", sum(late));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
