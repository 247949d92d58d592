import { readOwnFile } from "./own-file.ts";

/**
 * Reads a file that holds a secret. It has to be a regular file of ours or of root, not a link,
 * that nobody else can read.
 *
 * @throws USAGE when it is not, NOT_FOUND, IO
 */
export function readSecretFile(path: string): string {
  return readOwnFile(path, { subject: "the secret", others: "read" });
}
