import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { isSyncError } from "../../src/errors.ts";
import { type CafsStorage, createCafsStorage } from "../../src/store/cafs-storage.ts";
import type { CafsFile } from "../../src/store/cafs-file.ts";
import type { CafsTemporary } from "../../src/store/cafs-temporary.ts";
import { type Case, hashHex, input, Mismatch, same, sameIfGiven } from "./check.ts";

/** Members of a step that say what to do; all others say what must come of it. */
interface Stage {
  readonly storage: CafsStorage;
  readonly temporaries: Map<string, CafsTemporary>;
  readonly files: Map<string, CafsFile>;
}

/** storage.json: a script against a storage, step by step. */
export function runStorage(vector: Case): void {
  const storage = createCafsStorage({ capacityBytes: vector.capacity });
  const stage: Stage = { storage, temporaries: new Map(), files: new Map() };
  vector.steps.forEach((step: Case, index: number) => {
    try {
      runStep(stage, step);
    } catch (thrown) {
      throw new Mismatch(`step ${index} (${step.op}): ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  });
}

function runStep(stage: Stage, step: Case): void {
  const operation = operations[step.op];
  if (operation === undefined) throw new Mismatch(`unknown operation ${step.op}`);
  let seen: Case = {};
  let failure: string | null = null;
  try {
    seen = operation(stage, step) ?? {};
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown;
    failure = thrown.message;
    seen = { n: 0 };
  }
  same("failure", step.panic ?? step.err ?? null, failure);
  for (const [member, got] of Object.entries(seen)) sameIfGiven(step, member, got);
  same("used", step.used, stage.storage.usedBytes);
  same("locked", step.locked, stage.storage.lockedBytes);
}

const operations: Record<string, (stage: Stage, step: Case) => Case | void> = {
  create: ({ storage, temporaries }, { temp }) => void temporaries.set(temp, storage.create()),
  write: (stage, { temp, data }) => ({ n: temporary(stage, temp).write(input(data)) }),
  close: (stage, { temp }) => temporary(stage, temp).close(),
  file: (stage, step) => facts(name(stage, step.as, temporary(stage, step.temp).file())),
  disposeTemp: (stage, { temp }) => temporary(stage, temp).dispose(),
  get: (stage, step) => facts(name(stage, step.as, stage.storage.get(fromHex(step.key)))),
  dispose: (stage, step) => file(stage, step.file).dispose(),
  duplicate: (stage, step) => facts(name(stage, step.as, file(stage, step.file).duplicate())),
  read: (stage, step) => {
    const bytes = concatBytes([...file(stage, step.file).read()]);
    return { size: bytes.length, sha256: hashHex(bytes) };
  },
  freeCache: ({ storage }) => ({ freed: storage.freeCache() }),
};

function temporary({ temporaries }: Stage, known: string): CafsTemporary {
  const found = temporaries.get(known);
  if (found === undefined) throw new Mismatch(`no temporary ${known}`);
  return found;
}

function file({ files }: Stage, known: string): CafsFile {
  const found = files.get(known);
  if (found === undefined) throw new Mismatch(`no file ${known}`);
  return found;
}

function name({ files }: Stage, as: string, opened: CafsFile): CafsFile {
  files.set(as, opened);
  return opened;
}

function facts({ key, size, isChunked, chunkCount }: CafsFile): Case {
  return { key: toHex(key), size, isChunked, numChunks: chunkCount };
}
