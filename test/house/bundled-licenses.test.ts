import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

const text = readFileSync(join(root, "dist/bundled-licenses.txt"), "utf8");
const named = [...text.matchAll(/^(\S+) \d\S* \(\S+\)$/gm)].map(([, name]) => name!);

/** The packages whose code is in what is made of these entry points. */
async function packagesIn(entryPoints: readonly string[], external: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [...entryPoints],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    outdir: "dist",
    external: [...external],
    alias: { msgpackr: "msgpackr/pack" },
    logLevel: "silent",
  });
  const names = Object.keys(metafile.inputs).map(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1],
  );
  return [...new Set(names)].filter((name) => name !== undefined);
}

test("the package has the licences of what is bundled in it", async () => {
  const farEnd = await packagesIn(["src/cli/far-end/main.ts"], ["bufferutil"]);
  const inPages = await packagesIn(["src/ui/page.ts", "src/ui/worker.ts", "src/ui/jobs/page.ts"], []);
  // The command shows by comments what is in it.
  const inCommand = ["cli/desync.mjs", "castr-worker.js"].flatMap((file) =>
    [
      ...readFileSync(join(root, "dist", file), "utf8").matchAll(
        /^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm,
      ),
    ].map(([, name]) => name!),
  );
  expect(farEnd).toContain("ws");
  for (const names of [farEnd, inPages, inCommand])
    expect(names.filter((name) => !named.includes(name))).toEqual([]);
  expect(text).toContain("Apache License");
  expect(named).not.toContain("bufferutil");
});
