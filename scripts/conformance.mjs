// `npm run conformance -- DIR...`: runs all CAFS test vectors of the folders, test/vectors/cafs
// when none is named; prints a line for each case that fails, then `N passed, N failed`. Exit code
// 1 when any failed.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { importTypeScript, installIfNeeded, root } from "./run.mjs";

await installIfNeeded();
const folders = process.argv.slice(2);
if (folders.length === 0) folders.push(join(root, "test", "vectors", "cafs"));

const total = { passed: 0, failed: 0 };
const out = mkdtempSync(join(root, "node_modules", ".conformance-"));
try {
  const { runFolder } = await importTypeScript(join("test", "conformance", "main.ts"), out);
  for (const folder of folders) {
    const { passed, failed } = await runFolder(folder, console.log);
    total.passed += passed;
    total.failed += failed;
  }
} catch (error) {
  total.failed++;
  console.log(error instanceof Error ? error.message : String(error));
} finally {
  rmSync(out, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
