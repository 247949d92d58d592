import { randomPermutation } from "../../src/remotesync/permutation.ts";
import { shuffledOrder } from "../../src/remotesync/shuffle.ts";
import { type BenchRow, compare } from "../row.ts";

const count = 100_000;

/** The shuffled order of a list, beside its closed form evaluated at every position. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const k of [1, 256]) {
    const perm = randomPermutation(k, (limit) => Math.floor(Math.random() * limit));
    const contest = {
      name: `shuffled order, k = ${k}`,
      peer: "closed form",
      unit: "M positions/s",
      perRun: count / 1e6,
    };
    rows.push(
      await compare({
        ...contest,
        naive: () => closedForm(count, perm),
        fast: () => shuffledOrder(count, perm),
      }),
    );
  }
  return rows;
}

function closedForm(n: number, perm: readonly number[]): number[] {
  const k = perm.length;
  const order: number[] = [];
  for (let t = 0; t < n + k - 1; t++) {
    const slot = t % k;
    const index = t - ((((slot - perm.indexOf(slot)) % k) + k) % k);
    order.push(index < 0 || index >= n ? -1 : index);
  }
  return order;
}
