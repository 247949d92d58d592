#!/usr/bin/env node
// What is started. Everything else comes through a loader of its own: to get the one for modules
// ready takes a tenth of a short transfer.
import type * as program from "../main.ts";
import { KeptCode } from "./kept-code.ts";
import { cacheFolder } from "./own-folder.ts";
import { ProgramFiles } from "./program-files.ts";

/** Returns undefined where there is no home, and where Node.js is told to keep no code. */
function findKeptCode(): KeptCode | undefined {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"]) return undefined;
  try {
    return new KeptCode(cacheFolder());
  } catch {
    return undefined;
  }
}

const files = new ProgramFiles(__dirname, findKeptCode());
const { hasReachedSession } = files.load("main.cjs") as typeof program;
// Any other run has called few of the functions that a transfer calls, though it may load them:
// help does, and a server that nobody asks.
process.once("exit", (code) => {
  if (code === 0 && hasReachedSession()) files.keepCode();
});
