import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

/** Bytes that the whole portable face may cost a web page, minified and compressed. */
const budgetBytes = 40 * 1024;

/** Bundles for the browser; what only Node has stays unresolved and fails it. */
async function bundle(entry: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, entry)],
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

test("the portable face runs without Node and keeps to its size", async () => {
  const { bytes, inputs } = await bundle("src/index.ts");
  expect(inputs.filter((path) => path.endsWith(".node.ts"))).toEqual([]);
  const sizeBytes = gzipSync(bytes, { level: 9 }).length;
  console.log(`browser bundle: ${sizeBytes} of ${budgetBytes} bytes`);
  expect(sizeBytes).toBeLessThanOrEqual(budgetBytes);
});

test.each(["src/testing.ts", "src/transport/websocket.ts", "src/transport/message-port.ts"])(
  "%s runs without Node too",
  async (entry) => {
    const { inputs } = await bundle(entry);
    expect(inputs.filter((path) => path.endsWith(".node.ts"))).toEqual([]);
  },
);

test("a file that needs Node does not pass for a portable one", async () => {
  await expect(bundle("src/transport/stdio.node.ts")).rejects.toThrow(/node:/);
});
