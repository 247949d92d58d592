import { closeSync, openSync, writeSync } from "node:fs";
import type { MadeFile } from "./made-files.ts";

const blockBytes = 512;

/**
 * Writes files into a tar file (POSIX ustar), whatever tar this system has. Paths have at most 99
 * bytes.
 */
export function writeTar(path: string, files: readonly MadeFile[]): void {
  const tar = openSync(path, "w");
  for (const { path, bytes, seconds } of files) {
    writeSync(tar, headerOf(path, bytes.length, seconds));
    writeSync(tar, bytes);
    writeSync(tar, Buffer.alloc(-bytes.length & (blockBytes - 1)));
  }
  writeSync(tar, Buffer.alloc(2 * blockBytes));
  closeSync(tar);
}

function headerOf(path: string, sizeBytes: number, seconds: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(path, 0);
  header.write("0000644\0", 100); // mode
  header.write("0000000\0", 108); // owner
  header.write("0000000\0", 116); // group
  header.write(`${octal(sizeBytes, 11)}\0`, 124);
  header.write(`${octal(seconds, 11)}\0`, 136);
  header.write("        ", 148); // the checksum counts as spaces while it is computed
  header.write("0", 156); // a regular file
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digitCount: number): string {
  return value.toString(8).padStart(digitCount, "0");
}
