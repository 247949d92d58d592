/** A file of the virtual archive. */
export interface BlockFile {
  readonly path: string;
  readonly size: number;
  /** In hex; undefined where it is not known. */
  readonly md5: string | undefined;
}

/** A part of a file that is in a block. */
export interface BlockPart {
  readonly file: BlockFile;
  /** Where it begins in the file. */
  readonly from: number;
  readonly to: number;
}

/** A block of the virtual archive, and what it is made of: files without content are in none. */
export interface Block {
  /** From 0 on. */
  readonly number: number;
  readonly bytes: number;
  readonly parts: readonly BlockPart[];
}

/** Cuts the files of a table into blocks of a length, of which the last one may have less. */
export function* cutBlocks(batches: Iterable<readonly BlockFile[]>, blockBytes: number): Generator<Block> {
  let number = 0;
  let parts: BlockPart[] = [];
  let bytes = 0;
  for (const rows of batches)
    for (const file of rows)
      for (let from = 0; from < file.size;) {
        const to = Math.min(file.size, from + blockBytes - bytes);
        parts.push({ file, from, to });
        bytes += to - from;
        from = to;
        if (bytes < blockBytes) continue;
        yield { number: number++, bytes, parts };
        [parts, bytes] = [[], 0];
      }
  if (bytes > 0) yield { number, bytes, parts };
}

/** The first and the last of the blocks that have something of the files of one. */
export function sharingBlocks(
  { number, bytes, parts }: Block,
  blockBytes: number,
): readonly [first: number, last: number] {
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const begin = number * blockBytes - first.from;
  const end = number * blockBytes + bytes + last.file.size - last.to;
  return [Math.floor(begin / blockBytes), Math.ceil(end / blockBytes) - 1];
}
