import { readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A file of src/, its path written from there with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** What it imports or re-exports: paths from src/ for its own files, names for packages. */
  readonly imports: readonly string[];
}

/** Every TypeScript file of src/. */
export function sourceFiles(): SourceFile[] {
  const src = join(root, "src");
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(src, path), "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

const importForms = [
  /^(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"/gm,
  /^import\s*"([^"]+)"/gm,
  /\bimport\(\s*"([^"]+)"/g,
];

function importsOf(path: string, text: string): string[] {
  const found = importForms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1]!));
  const own = (name: string) => posix.join(posix.dirname(path), name);
  return found.map((name) => (name.startsWith(".") ? own(name) : name));
}

/** The room a file belongs to: its folder, or its own name when it lies in src/ itself. */
export function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path.replace(/\.ts$/, "");
}
