// All checks that run nothing of the program itself, side by side; prints only what failed. Needs
// dist/.
import { capture } from "./run.mjs";

const checks = {
  types: ["tsc", "-p", "."],
  lint: ["oxlint", "--type-aware", "--deny-warnings"],
  format: ["prettier", "--check", "--log-level", "warn", "."],
  unused: ["knip", "--no-progress"],
  package: ["publint", "--strict"],
  exports: ["attw", "--pack", ".", "--profile", "esm-only", "--no-emoji"],
};

/** Two at a time: most machines that run this have two cores. */
async function inTurn(names) {
  let failedCount = 0;
  for (const name of names) {
    const started = performance.now();
    const [command, ...args] = checks[name];
    const { code, output } = await capture(command, args);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`check: ${name} ${code === 0 ? "passed" : "FAILED"} (${seconds} s)`);
    if (code === 0) continue;
    failedCount++;
    process.stdout.write(output);
  }
  return failedCount;
}

const counts = await Promise.all([
  inTurn(["types", "lint", "format"]),
  inTurn(["unused", "package", "exports"]),
]);
const failedCount = counts.reduce((sum, count) => sum + count);
if (failedCount > 0) {
  console.error(`check: ${failedCount} failed`);
  process.exit(1);
}
