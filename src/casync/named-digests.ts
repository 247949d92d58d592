import { sha256Digest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";

/** The digests of casync by their names, which can be told to a thread. */
export const namedDigests = { "sha-512/256": sha512_256Digest, "sha-256": sha256Digest } as const;
