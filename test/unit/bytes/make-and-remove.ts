import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirs } from "../../../src/bytes/make-dirs.node.ts";

/*
 * A process that makes a directory over and over, and removes it and those around it up to the root
 * given. Prints how many rounds ended in which way.
 */

const [root, path, rounds] = process.argv.slice(2) as [string, string, string];
const outcomes: Record<string, number> = {};
for (let left = Number(rounds); left > 0; left--) {
  const outcome = outcomeOf(() => makeDirs(path));
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  for (let at = path; at !== root; at = dirname(at)) outcomeOf(() => rmdirSync(at));
}
console.log(JSON.stringify(outcomes));

function outcomeOf(act: () => void): string {
  try {
    act();
    return "done";
  } catch (thrown) {
    return String(thrown);
  }
}
