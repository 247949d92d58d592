import { createSha256 } from "../chunk/digest.ts";
import { type Permutation, randomPermutation } from "../remotesync/permutation.ts";

/** Elements of a permutation, at most: as many as the Go program uses. */
const permutationCount = 256;

/** Gives each peer an order of its own for each file. */
export interface PeerPermutations {
  /** The permutation for a list of so many chunks; the same for the two requests of one fetch, whose peer and version are the same. */
  of(chunkCount: number, version: string, peer: string): Permutation;
}

/** Permutations drawn from a secret of this process: nothing has to be remembered for a peer. */
export function peerPermutations(): PeerPermutations {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  return {
    of(chunkCount, version, peer) {
      const count = Math.max(1, Math.min(permutationCount, chunkCount));
      return randomPermutation(
        count,
        randomFrom((counter) => digest(secret, `${counter}|${version}|${peer}`)),
      );
    },
  };
}

function digest(secret: Uint8Array, text: string): DataView {
  const hash = createSha256();
  hash.update(secret);
  hash.update(new TextEncoder().encode(text));
  return new DataView(hash.digest().slice().buffer);
}

/** Numbers below a limit, from as many pools of random bytes as it takes. */
function randomFrom(pool: (counter: number) => DataView): (limit: number) => number {
  let counter = 0;
  let view = pool(counter);
  let at = 0;
  return (limit) => {
    if (at + 4 > view.byteLength) {
      view = pool(++counter);
      at = 0;
    }
    at += 4;
    return Math.floor((view.getUint32(at - 4) / 2 ** 32) * limit);
  };
}
