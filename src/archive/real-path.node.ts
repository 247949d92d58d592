import fs from "node:fs";
import { pathOf } from "../bytes/byte-path.node.ts";
import { failureOfFile } from "./telling-path.node.ts";

/** The path of a place that is there, without links in it. @throws NOT_FOUND, IO */
export function realPath(path: string): string {
  try {
    return fs.realpathSync(pathOf(path));
  } catch (thrown) {
    throw failureOfFile(thrown, path);
  }
}
