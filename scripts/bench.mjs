// `npm run bench [NAME...]`: runs every bench/micro/*.bench.ts, or those whose name contains one of the words,
// one after another in this process, and prints each row as value, peer and ratio. BENCH_JSON=1: JSON lines.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, installIfNeeded } from "./run.mjs";

await installIfNeeded();
const { build } = await import("esbuild");
const words = process.argv.slice(2);
const folder = join(root, "bench", "micro");
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".bench.ts"))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort();

const out = mkdtempSync(join(root, "node_modules", ".bench-"));
try {
  for (const file of files) print(file, await runBench(file));
} finally {
  rmSync(out, { recursive: true, force: true });
}

/** Bundles one bench file, so that TypeScript runs on any Node, and calls its `run`. */
async function runBench(file) {
  const outfile = join(out, file.replace(/\.ts$/, ".mjs"));
  await build({
    entryPoints: [join(folder, file)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  const { run } = await import(pathToFileURL(outfile).href);
  return run();
}

function print(file, rows) {
  if (process.env.BENCH_JSON) {
    for (const row of rows) console.log(JSON.stringify({ file, ...row }));
    return;
  }
  console.log(`\n${file}`);
  for (const { name, peer, ratio, unit, value, peerValue } of rows) {
    console.log(
      `  ${name.padEnd(34)} ${value.toPrecision(4)} ${unit}, ${ratio.toFixed(2)} x ${peer} (${peerValue.toPrecision(4)})`,
    );
  }
}
