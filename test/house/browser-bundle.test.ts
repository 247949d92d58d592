import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

/** What a web page pays for what it uses, in bytes, minified and compressed. */
const budgets = [
  { what: "the whole portable face", program: 'export * from "./src/index.ts"', budgetBytes: 89 * 1024 },
  { what: "the CAFS exchange", program: 'export { syncFrom } from "./src/index.ts"', budgetBytes: 12 * 1024 },
  { what: "cutting", program: 'export { cutChunks } from "./src/index.ts"', budgetBytes: 9 * 1024 },
];

/** Bundles for the browser; what only Node has stays unresolved and fails it. */
async function bundle(program: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return { bytes: outputFiles[0]!.contents, inputs: Object.keys(metafile.inputs) };
}

test.each(budgets)(
  "$what runs without Node and keeps to its size",
  async ({ what, program, budgetBytes }) => {
    const { bytes, inputs } = await bundle(program);
    expect(inputs.filter((path) => path.endsWith(".node.ts"))).toEqual([]);
    const sizeBytes = gzipSync(bytes, { level: 9 }).length;
    console.log(`browser bundle: ${what}: ${sizeBytes} of ${budgetBytes} bytes`);
    expect(sizeBytes).toBeLessThanOrEqual(budgetBytes);
  },
);

test.each([
  "testing",
  "browser/index",
  "casync/index",
  "transport/websocket",
  "transport/http-turns",
  "transport/message-port",
  "transport/libp2p",
  "transport/data-channel",
])("%s runs without Node too", async (name) => {
  const { inputs } = await bundle(`export * from "./src/${name}.ts"`);
  expect(inputs).toContain(join("src", `${name}.ts`));
  expect(inputs.filter((path) => path.endsWith(".node.ts"))).toEqual([]);
});

test("a file that needs Node does not pass for a portable one", async () => {
  await expect(bundle('export * from "./src/transport/stdio.node.ts"')).rejects.toThrow(/node:/);
});
