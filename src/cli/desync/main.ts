#!/usr/bin/env node
import { runDesync } from "./desync-command-line.ts";

process.exitCode = await runDesync(process.argv.slice(2));
