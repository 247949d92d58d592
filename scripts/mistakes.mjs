// `npm run soak -- mistakes`: plants one mistake after another, and runs the test that has to find
// it.
import { join } from "node:path";
import { capture, importTypeScript, root } from "./run.mjs";

/** Resolves with the number of mistakes that no test found. */
export async function findMistakes() {
  const folder = join(root, "node_modules", ".cache");
  const { plantedMistakes } = await importTypeScript("test/faults/planted-mistakes.ts", folder);
  process.env.FAULT_POINTS = "all";
  let missed = 0;
  for (const [number, { name, foundBy, scenario = "", stride = 1 }] of plantedMistakes.entries()) {
    process.env.PLANTED_MISTAKE = String(number);
    process.env.FAULT_SCENARIO = scenario;
    process.env.FAULT_STRIDE = String(stride);
    const { code, output } = await capture("vitest", ["run", "--testTimeout=0", foundBy]);
    const isFound = code !== 0 && /\bTests\b.*\d+ failed/.test(output);
    if (!isFound) missed += 1;
    console.log(`${isFound ? "found" : "MISSED"}: ${name}`);
  }
  console.log(`${plantedMistakes.length - missed} of ${plantedMistakes.length} planted mistakes found`);
  return missed;
}
