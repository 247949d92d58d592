// `npm run conformance -- DIR...`: runs all CAFS test vectors of the folders, test/vectors/cafs when none is
// named; prints a line for each case that fails, then `N passed, N failed`. Exit code 1 when any failed.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, installIfNeeded } from "./run.mjs";

await installIfNeeded();
const { build } = await import("esbuild");
const folders = process.argv.slice(2);
if (folders.length === 0) folders.push(join(root, "test", "vectors", "cafs"));

const total = { passed: 0, failed: 0 };
const out = mkdtempSync(join(root, "node_modules", ".conformance-"));
try {
  const outfile = join(out, "main.mjs");
  await build({
    entryPoints: [join(root, "test", "conformance", "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  const { runFolder } = await import(pathToFileURL(outfile).href);
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
