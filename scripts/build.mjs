// Builds dist/: JavaScript with tsup, declarations with tsc, side by side. Installs both where they
// are missing.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { mergeChunks } from "./merge-chunks.mjs";
import { capture, install, root } from "./run.mjs";

// npm has nothing installed here when it was told to install this from git for everybody.
if (!existsSync(join(root, "node_modules", ".bin", "tsup"))) await install();

const started = performance.now();
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

const results = await Promise.all([
  capture("tsup", ["--silent"]),
  capture("tsc", ["-p", "tsconfig.build.json"]),
]);
pointDeclarationsAtJavaScript();
for (const { output } of results) process.stdout.write(output);
if (results.some(({ code }) => code !== 0)) {
  console.error("build: failed");
  process.exit(1);
}
await mergeChunks(join(dist, "cli-parts"), join(dist, "cli"));
writeFileSync(join(dist, "cli", "package.json"), JSON.stringify({ type: "commonjs" }));
chmodSync(join(dist, "cli", "main.js"), 0o755);
for (const name of ["style.css", "jobs.css", "icon.svg"]) {
  copyFileSync(join(root, "src", "ui", name), join(dist, "ui", name));
}
for (const name of ["index.html", "jobs.html"]) writeFileSync(join(dist, "ui", name), pageOf(name));
packFarEnd();
writeManual();
console.log(`build: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);

/** A page with what several have put in the place of the comments that name it. */
function pageOf(name) {
  const read = (file) => readFileSync(join(root, "src", "ui", file), "utf8");
  return read(name).replace(/<!-- (\w+\.html) -->\n/g, (_, part) => read(part));
}

/** Leaves the program that travels as what is sent, with what the other end has to know of it. */
function packFarEnd() {
  const folder = join(dist, "far-end");
  const program = readFileSync(join(folder, "program.mjs"));
  const compressed = brotliCompressSync(program);
  const digest = createHash("sha256").update(program).digest("hex");
  const facts = { digest, size: program.length, compressedSize: compressed.length };
  writeFileSync(join(folder, "program.mjs.br"), compressed);
  writeFileSync(join(folder, "facts.json"), JSON.stringify(facts));
  rmSync(join(folder, "program.mjs"));
}

function writeManual() {
  const manual = execFileSync(process.execPath, [join(dist, "cli", "main.js"), "man", "--no-settings"]);
  mkdirSync(join(dist, "man"));
  writeFileSync(join(dist, "man", "rsync-stream.1"), manual);
}

/**
 * tsc leaves the `.ts` of imports as it is in declarations; readers of the package find `.js`
 * there.
 */
function pointDeclarationsAtJavaScript() {
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(dist, name);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}
