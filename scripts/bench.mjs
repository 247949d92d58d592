// `npm run bench -- [NAME...] [--data DIR] [--long] [--rounds N]`: measures, beside a peer in the
// same run, functions (bench/micro) and whole programs (bench/flow), or those whose name contains
// one of the words. bench/README.md says how, and what the figures mean.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { importTypeScript, installIfNeeded, root, run } from "./run.mjs";

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    quick: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    report: { type: "string", multiple: true },
    rounds: { type: "string", default: "5" },
  },
});
const roundCount = Number(values.rounds);
if (!Number.isInteger(roundCount) || roundCount < 1) throw new Error("--rounds takes a whole number from 1");
if (values.quick && values.data !== undefined) throw new Error("--quick makes its own data");

await installIfNeeded();
const cli = join(root, "dist", "cli", "main.js");

const out = mkdtempSync(join(root, "node_modules", ".bench-"));
process.once("exit", () => rmSync(out, { recursive: true, force: true }));
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.once(signal, () => {
    console.error(`bench: ended by ${signal}`);
    process.exit(code);
  });
}

const micros = readdirSync(join(root, "bench", "micro"))
  .filter((file) => file.endsWith(".bench.ts"))
  .sort()
  .map((file) => ({
    name: file.replace(".bench.ts", ""),
    load: () => importTypeScript(join("bench", "micro", file), out),
  }));
const { data, quick, long } = values;
if (values.report !== undefined) {
  const { writePage } = await importTypeScript(join("bench", "page", "page.ts"), out);
  writePage(root, values.report);
} else if (values.record) {
  const { recordSets } = await importTypeScript(join("bench", "data", "record.ts"), out);
  await recordSets(root, words, data);
} else {
  const { bench } = await importTypeScript(join("bench", "main.ts"), out);
  const passed = await bench({ root, cli, build: buildCli, words, micros, data, quick, long, roundCount });
  process.exitCode = passed ? 0 : 1;
}

/** Builds the command unless it is newer than its source. */
async function buildCli() {
  if (existsSync(cli) && statSync(cli).mtimeMs > newest(join(root, "src"))) return;
  if ((await run("node", ["scripts/build.mjs"])) !== 0) throw new Error("the build failed");
}

/** When the newest file of a folder was changed. */
function newest(folder) {
  const files = readdirSync(folder, { recursive: true });
  return Math.max(...files.map((name) => statSync(join(folder, name)).mtimeMs));
}
