import { type MemoryDir, memoryDir, memoryFile, memoryLink } from "../tree/memory/memory-tree.ts";
import { seededBytes } from "./random.ts";

/** What a place cannot keep of a tree. */
export interface Shortcomings {
  /** False where there are no symbolic links. True unless given. */
  readonly links?: boolean;
  /** False where modes and times are not kept. True unless given. */
  readonly metadata?: boolean;
}

/** A small tree with something of everything. */
export function sampleTree({ links = true }: Shortcomings = {}): MemoryDir {
  const times = { mtimeSec: 1_700_000_000, mtimeNsec: 123_456_000 };
  return memoryDir(
    {
      empty: memoryFile("", times),
      large: memoryFile(seededBytes(1, 1_500_000), times),
      "small.txt": memoryFile("hello", { ...times, mode: 0o600 }),
      größe: memoryFile(seededBytes(2, 70_000), times),
      dir: memoryDir(
        { below: memoryDir({ deep: memoryFile("deep", times) }, times), void: memoryDir({}, times) },
        times,
      ),
      ...(links && { link: memoryLink("dir/below", times) }),
    },
    times,
  );
}
