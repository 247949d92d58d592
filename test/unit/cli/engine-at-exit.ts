import { Script } from "node:vm";
import { prepareForFetch, prepareForListings, prepareForSession } from "../../../src/cli/engine.ts";

/*
 * A process that sets the engine up for what it is told, and ends when that is done. Prints whether
 * the engine takes code that was compiled at the start: then, when it is set up, and at the exit.
 */

let count = 100;
/** Each time another source of the same length: one that it knows the engine takes from memory. */
const nextSource = (): string => `(function () { return ${count++}; })`;
const code = new Script(nextSource()).createCachedData();
const isTaken = (): boolean => !new Script(nextSource(), { cachedData: code }).cachedDataRejected;

const held = new Array<number>(8 << 20).fill(0); // so that what a large heap makes due is due

const outcome = { atStart: isTaken(), whileSet: true, atExit: false };
process.once("exit", () => {
  outcome.atExit = held.length > 0 && isTaken();
  console.log(JSON.stringify(outcome));
});
const preparations: Readonly<Record<string, () => void>> = {
  session: () => prepareForSession("duplex"),
  fetch: prepareForFetch,
  listings: prepareForListings,
};
preparations[process.argv[1]!]!();
const look = setInterval(() => {
  outcome.whileSet = isTaken();
  if (!outcome.whileSet) clearInterval(look);
}, 10);
