// What npm runs where it installs from git, and before it packs: builds dist/ where that is not
// there yet.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

if (!existsSync(join(root, "dist", "cli", "main.js"))) await import("./build.mjs");
