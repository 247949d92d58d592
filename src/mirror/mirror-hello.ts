import { SyncError } from "../errors.ts";
import { protocolVersion } from "../session/hello.ts";
import { helloNames, numbered } from "../session/hello-names.ts";
import { encodeTuple, Tuple } from "../session/tuple.ts";
import type { Bytes } from "../types.ts";

/** The ends of a session between two stores. */
export type MirrorRole = "chunk sender" | "chunk receiver";

const nonceBytes = 16;
/** The form in which chunks travel, that of casync: zstd unless a store has others as they are. */
const form = "cacnk";

/** Encodes the HELLO of an end (docs/protocol.md §14). @param digest what chunks are named by */
export function encodeMirrorHello(role: MirrorRole, digest: string): Bytes {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  return encodeTuple([protocolVersion, numbered(helloNames.role, role), nonce, [], digest, form]);
}

/**
 * Lets the HELLO of the other end pass.
 *
 * @throws UNSUPPORTED for another version, role, digest or form; BAD_MESSAGE
 */
export function checkMirrorHello(payload: Bytes, role: MirrorRole, digest: string): void {
  const tuple = new Tuple(payload);
  const version = tuple.count();
  if (version !== protocolVersion)
    throw new SyncError(
      "UNSUPPORTED",
      `the other end speaks protocol version ${version}, not ${protocolVersion}`,
    );
  const found = tuple.oneOf(helloNames.role);
  if (found !== role) throw new SyncError("UNSUPPORTED", `the other end is no ${role}`);
  tuple.bytes(nonceBytes);
  tuple.texts();
  const theirs = { digest: tuple.text(), form: tuple.text() };
  if (theirs.digest !== digest)
    throw new SyncError("UNSUPPORTED", "the two stores name chunks by different digests");
  if (theirs.form !== form)
    throw new SyncError("UNSUPPORTED", "chunks travel in a form that is not known here");
}
