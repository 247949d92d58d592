import { expect, test } from "vitest";
import { pieceMacBytes } from "../../../../src/chunk/pieces.ts";
import { macAt } from "../../../../src/session/levels/pieces/mac-widths.ts";
import { PieceIndex } from "../../../../src/session/levels/pieces/piece-index.ts";
import { ByteSlab } from "../../../../src/bytes/byte-slab.ts";
import { shortMacs } from "../../../../src/session/levels/pieces/short-macs.ts";
import { seededRandom } from "../../../../src/testing/random.ts";

const firstSeed = Math.floor(Math.random() * 2 ** 30);
console.log(`piece index: seeds from ${firstSeed}`);

/** MACs of 8 bytes, of which few or many differ, also in the lower bytes alone. */
function macsOf(count: number, kinds: number, random: () => number): Uint8Array<ArrayBuffer> {
  const macs = new Uint8Array(count * pieceMacBytes);
  for (let i = 0; i < count; i++) {
    const kind = Math.floor(random() * kinds);
    macs.set([kind & 1, 0, kind >> 9, kind >> 1, kind >> 17, 7], i * pieceMacBytes);
  }
  return macs;
}

test("what is found is what a plain search finds", () => {
  const index = new PieceIndex(); // of one version after another
  for (let seed = firstSeed; seed < firstSeed + 60; seed++) {
    const random = seededRandom(seed);
    const width = 3 + (seed % 4);
    const kinds = [3, 500, 2 ** 20][seed % 3]!;
    index.begin(width);
    const old: number[] = [];
    const starts = [0];
    for (let block = 0; block < 3; block++) {
      const macs = macsOf(Math.floor(random() * 300), kinds, random);
      const count = macs.length / pieceMacBytes;
      index.add(
        Uint32Array.from({ length: count }, (_, i) => (i + 1) * 10),
        macs,
      );
      for (let i = 0; i < count; i++) {
        old.push(macAt(macs, i * pieceMacBytes, width));
        starts.push(starts.at(-1)! + 10);
      }
    }
    let expected = 0;
    for (let group = 0; group < 3; group++) {
      const macs = shortMacs(macsOf(100, kinds, random), width, new ByteSlab());
      const found = index.find({ macs, width });
      const places = Array.from({ length: 100 }, (_, i) => {
        const mac = macAt(macs, i * width, width);
        const place = old[expected] === mac ? expected : old.indexOf(mac);
        if (place >= 0) expected = place + 1;
        return place;
      });
      expect([seed, ...found]).toEqual([seed, ...places]);
      for (const place of found) {
        if (place < 0) continue;
        expect([seed, index.startOf(place), index.endOf(place)]).toEqual([
          seed,
          starts[place],
          starts[place + 1],
        ]);
      }
    }
  }
});
