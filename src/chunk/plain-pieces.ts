import { findGearEnds } from "./fastcdc-finder.ts";
import { gearTable } from "./gear.ts";
import type { SubkeySource } from "./mac-subkeys.ts";
import { findLineEnds } from "./line-finder.ts";
import { fileMacBytes, pieceEndCount, pieceMacBytes, piecesBufferBytes, type Pieces } from "./pieces.ts";
import { Uhash } from "./uhash.ts";

/** Pieces in plain TypeScript: the twin of the kernel. */
export function plainPieces(subkeys: SubkeySource): Pieces {
  const buffer = new Uint8Array(piecesBufferBytes);
  const ends = new Uint32Array(pieceEndCount);
  const macs = new Uint8Array(pieceMacBytes * pieceEndCount);
  const gear = gearTable();
  const ofPiece = new Uhash(buffer, subkeys, pieceMacBytes / 4);
  const ofFile = new Uhash(buffer, subkeys, fileMacBytes / 4);
  return {
    buffer,
    ends,
    macs,
    findGear: (length, rule) => findGearEnds(buffer, length, ends, gear, rule),
    findLines: (length) => findLineEnds(buffer, length, ends, gear),
    hash(count) {
      for (let i = 0, start = 0; i < count; start = ends[i++]!) {
        ofPiece.update(start, ends[i]!);
        ofPiece.digest(macs, pieceMacBytes * i);
      }
    },
    update: (from, to) => ofFile.update(from, to),
    digest() {
      const mac = new Uint8Array(fileMacBytes);
      ofFile.digest(mac, 0);
      return mac;
    },
  };
}
