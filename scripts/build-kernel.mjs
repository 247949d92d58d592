// Assembles src/chunk/kernel.wat into src/chunk/kernel.ts. With --check it writes nothing, and
// fails when the two do not belong together.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import createWabt from "wabt";

const source = fileURLToPath(new URL("../src/chunk/kernel.wat", import.meta.url));
const target = fileURLToPath(new URL("../src/chunk/kernel.ts", import.meta.url));

const text = `// Made by scripts/build-kernel.mjs from kernel.wat.

/** The WebAssembly module of the rolling hashes, in base64. */
export const kernelBase64 =
  "${Buffer.from(await assemble()).toString("base64")}";
`;

if (!process.argv.includes("--check")) {
  writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
  console.error("src/chunk/kernel.ts is out of date: run node scripts/build-kernel.mjs");
  process.exitCode = 1;
}

async function assemble() {
  const wabt = await createWabt();
  const module = wabt.parseWat("kernel.wat", unroll(readFileSync(source, "utf8")));
  module.validate();
  return module.toBinary({}).buffer;
}

/** Writes out what stands between "repeat" and "end" eight times. */
function unroll(wat) {
  return wat.replace(/;; repeat\n(.*?);; end/gs, (_, body) =>
    Array.from({ length: 8 }, (_, i) =>
      body.replaceAll(/@(?:\+(\d+))?/g, (_, more) => String(i + Number(more ?? 0))),
    ).join(""),
  );
}
