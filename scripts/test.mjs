// `npm test`: everything, from a fresh clone: install, build, check, test. Arguments go to vitest.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installIfNeeded, root, run } from "./run.mjs";

await installIfNeeded();
const build = await run("node", ["scripts/build.mjs"]);
if (build !== 0) process.exit(build);
const check = await run("node", ["scripts/check.mjs"]);

const report = join(root, "node_modules", ".cache", `vitest-report-${process.pid}.json`);
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const tests = await run("vitest", ["run", ...reporters, ...process.argv.slice(2)]);

const { passed, failed } = counts();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = check || tests || (failed > 0 ? 1 : 0);

/**
 * Tests by outcome. Broken static checks count as one failure, and so does a run that left no
 * report.
 */
function counts() {
  const checkFailures = check === 0 ? 0 : 1;
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
    const testFailures = Math.max(numFailedTests, Math.min(1, numFailedTestSuites));
    return { passed: numPassedTests, failed: testFailures + checkFailures };
  } catch {
    return { passed: 0, failed: 1 + checkFailures };
  } finally {
    rmSync(report, { force: true });
  }
}
