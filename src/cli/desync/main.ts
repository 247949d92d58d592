#!/usr/bin/env node
import { letGoOfOutputAtExit } from "../let-go-of-output.ts";
import { runDesync } from "./desync-command-line.ts";

letGoOfOutputAtExit();
process.exitCode = await runDesync(process.argv.slice(2));
