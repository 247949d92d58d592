// Assembles the kernels in src/chunk, each .wat file into a .ts file of the same name. With --check
// it writes nothing, and fails when the two do not belong together.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import createWabt from "wabt";

const kernels = [
  { name: "kernel", constant: "kernelBase64", what: "the rolling hashes" },
  { name: "pieces-kernel", constant: "piecesKernelBase64", what: "pieces" },
];

const wabt = await createWabt();

for (const { name, constant, what } of kernels) {
  const target = pathOf(`${name}.ts`);
  const text = `// Made by scripts/build-kernel.mjs from ${name}.wat.

/** The WebAssembly module of ${what}, in base64. */
export const ${constant} =
  "${Buffer.from(assemble(name)).toString("base64")}";
`;
  if (!process.argv.includes("--check")) {
    writeFileSync(target, text);
  } else if (readFileSync(target, "utf8") !== text) {
    console.error(`src/chunk/${name}.ts is out of date: run node scripts/build-kernel.mjs`);
    process.exitCode = 1;
  }
}

function assemble(name) {
  const module = wabt.parseWat(`${name}.wat`, unroll(readFileSync(pathOf(`${name}.wat`), "utf8")));
  module.validate();
  return module.toBinary({}).buffer;
}

function pathOf(name) {
  return fileURLToPath(new URL(`../src/chunk/${name}`, import.meta.url));
}

/**
 * Writes out what stands between "repeat n" and "end" n times, with the number of the time, from 0
 * on, for "@"; "@*16+8" is 16 times that and 8.
 */
function unroll(wat) {
  return wat.replace(/;; repeat (\d+)\n(.*?);; end/gs, (_, times, body) =>
    Array.from({ length: Number(times) }, (_, i) =>
      body.replaceAll(/@(?:\*(\d+))?(?:\+(\d+))?/g, (_, factor, more) =>
        String(i * Number(factor ?? 1) + Number(more ?? 0)),
      ),
    ).join(""),
  );
}
