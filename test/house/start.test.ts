import { build, type Metafile } from "esbuild";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

/** Bytes of the program that run, at most, before the other end of a push or pull is started. */
const budgetBytes = 157_000;

/** What none of that may need: a session, a tree on disk, servers. */
const late =
  /src\/(session\/(send|receive|link)|tree\/disk\/(source|target|libc)|transport\/(ws|http))|node_modules/;

/** The outputs that are loaded with the one made of an entry point. */
function loadedWith({ outputs }: Metafile, entryPoint: string): Metafile["outputs"][string][] {
  const found = new Map<string, Metafile["outputs"][string]>();
  const visit = (path: string): void => {
    const output = outputs[path];
    if (output === undefined || found.has(path)) return;
    found.set(path, output);
    for (const { path: next, kind } of output.imports) if (kind === "import-statement") visit(next);
  };
  visit(Object.keys(outputs).find((path) => outputs[path]!.entryPoint === entryPoint)!);
  return [...found.values()];
}

test("push and pull start the other end before they load a session", async () => {
  const { metafile } = await build({
    entryPoints: ["src/cli/main.ts"],
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    outdir: "dist",
    external: ["ws", "koffi", "@napi-rs/blake-hash", "@cloudpss/zstd"],
    logLevel: "silent",
  });
  const loaded = loadedWith(metafile, "src/cli/transfer/transfer-commands.ts");
  const inputs = loaded.flatMap((output) => Object.keys(output.inputs));
  expect(inputs).toContain("src/transport/child-process.node.ts");
  expect(inputs.filter((path) => late.test(path))).toEqual([]);
  const sizeBytes = loaded.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${sizeBytes} of ${budgetBytes} bytes before the other end is started`);
  expect(sizeBytes).toBeLessThanOrEqual(budgetBytes);
});
