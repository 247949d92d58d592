#!/usr/bin/env node
// Imports next to nothing: what a command needs is loaded when it is called.
import { readFileSync } from "node:fs";
import { overview } from "./commands.ts";

const [first] = process.argv.slice(2);
if (first === "--version") console.log(version());
else if (first === "--help" || first === "-h") console.log(overview());
else process.exitCode = await (await import("./command-line.ts")).runCommandLine(process.argv.slice(2));

function version(): string {
  const facts = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(facts) as { version: string }).version;
}
