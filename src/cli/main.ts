#!/usr/bin/env node
import { readFileSync } from "node:fs";

if (process.argv[2] === "--version") {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  console.log(version);
}
