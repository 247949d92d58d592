import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

const inPackage = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const legalFile = /^(licen[cs]e|notice|copying)\b/i;

/**
 * A plugin of esbuild that writes the licences of all packages whose code is in a bundle, those of
 * each build that it is given to.
 */
export function bundledLicenses(path: string): Plugin {
  const folders = new Set<string>();
  return {
    name: "bundled licenses",
    setup({ initialOptions, onEnd }) {
      initialOptions.metafile = true;
      onEnd(({ metafile }) => {
        for (const input of Object.keys(metafile?.inputs ?? {})) {
          const folder = inPackage.exec(input)?.[1];
          if (folder !== undefined) folders.add(folder);
        }
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, [...folders].sort().map(licenseIn).join("\n"));
      });
    },
  };
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** Throws for a package that says nothing of a licence. */
function licenseIn(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license, author } = manifest;
  const files = readdirSync(folder).filter((file) => legalFile.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
  const maker = typeof author === "object" ? author.name : author;
  if (files.length === 0 && maker !== undefined) texts.push(`By ${maker}, without a text of the licence.`);
  if (license === undefined || texts.length === 0) throw new Error(`${name} says nothing of a licence`);
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}
