import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Imports a module, and all that it imports, with the private members of classes under public
 * names: `#a` is `$a`. So the whole state of an object can be looked at.
 *
 * @param path from the root
 */
export async function importOpened<Module>(path: string): Promise<Module> {
  const folder = mkdtempSync(join(root, "node_modules", ".opened-"));
  try {
    const outfile = join(folder, "opened.mjs");
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      packages: "external",
      plugins: [opening],
      logLevel: "error",
    });
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as Module;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const opening: Plugin = {
  name: "open-private",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const contents = openPrivate(await readFile(path, "utf8"));
      return { contents, loader: "ts" };
    });
  },
};

/** What a WeakSet holds cannot be looked at; a Set holds the same. */
function openPrivate(code: string): string {
  return code
    .replaceAll(/(\.|^\s+(?:(?:readonly|static|async|get|set) |\*)*)#(?=[a-z])/gm, "$1$$")
    .replaceAll(/\bWeakSet\b/g, "Set");
}
