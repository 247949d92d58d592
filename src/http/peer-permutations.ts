import { toHex } from "../bytes/hex.ts";
import { createSha256 } from "../chunk/digest.ts";
import { type Permutation, randomPermutation } from "../remotesync/permutation.ts";

/** Elements of a permutation, at most: as many as the Go program uses. */
const permutationCount = 256;

/** Gives each peer an order of its own for each file. */
export interface PeerPermutations {
  /**
   * What a peer gets for a list of so many chunks; the same for the two requests of one fetch,
   * whose peer and version are the same.
   */
  of(chunkCount: number, version: string, peer: string): PeerOrder;
}

/** How one peer gets one state of a file. */
interface PeerOrder {
  readonly perm: Permutation;
  /** Names the state of the file and the permutation together. */
  readonly version: string;
}

/** Permutations drawn from a secret of this process: nothing has to be remembered for a peer. */
export function peerPermutations(): PeerPermutations {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  return {
    of(chunkCount, version, peer) {
      const count = Math.max(1, Math.min(permutationCount, chunkCount));
      const draw = (what: string): DataView => digest(secret, `${what}|${version}|${peer}`);
      const perm = randomPermutation(
        count,
        randomFrom((counter) => draw(`${counter}`)),
      );
      return { perm, version: toHex(new Uint8Array(draw("version").buffer, 0, 16)) };
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
