import { SyncError } from "../errors.ts";

/** Bounds of what a register may have. */
export const recordLimits = Object.freeze({
  /** Bytes of a record. */
  recordBytes: 4_194_304,
  /** Ranges that are not done. None is divided when there are as many. */
  openRangeCount: 4096,
  /** Ranges that are left to the next phase; more become one. */
  laterRangeCount: 256,
});

/** Work in the order of positions: what lies behind one, up to and with another. */
export interface WorkRange {
  /** The beginning of all unless given. */
  readonly after?: string;
  /** The end of all unless given. */
  readonly upTo?: string;
}

/** A range that is not done, and who works at it. */
export interface OpenRange {
  readonly id: number;
  after?: string;
  upTo?: string;
  /** The process that has it; nobody has unless given. */
  holder?: string;
  /** Grows as long as the holder lives. */
  beat: number;
  /** True when somebody has nothing to do, and would take a part of it. */
  isWanted: boolean;
  /** True when its holder found nothing to give. */
  isWhole: boolean;
}

/** A run that another one followed. */
export interface PastWork {
  readonly run: string;
  /** False when it was given up for the other one. */
  readonly isOver: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

/** What hosts share about one piece of work, as it stands in a register. */
export interface WorkRecord {
  readonly form: 1;
  /** Names this run of the work. */
  readonly run: string;
  /** What the work is: who comes with another one is refused. */
  readonly description: string;
  /** Of the phases of the work, one comes after another. */
  phase: number;
  isOver: boolean;
  nextId: number;
  ranges: OpenRange[];
  /** What the next phase begins with. */
  later: WorkRange[];
  counts: Record<string, number>;
  /** The run before, for who is late to hear that it is over. */
  readonly before?: PastWork;
}

/** The record of work that begins. */
export function newRecord(run: string, description: string, last?: WorkRecord): WorkRecord {
  return {
    form: 1,
    run,
    description,
    phase: 0,
    isOver: false,
    nextId: 1,
    ranges: [{ id: 0, beat: 0, isWanted: false, isWhole: false }],
    later: [],
    counts: {},
    ...(last && { before: { run: last.run, isOver: last.isOver, counts: last.counts } }),
  };
}

/** Reads a record. @throws STATE for what is none, or of another version */
export function parseRecord(text: string): WorkRecord {
  const record = attemptParse(text);
  if (!isRecord(record)) throw new SyncError("STATE", "what is at the coordinator is no record of ours");
  return record;
}

function attemptParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is WorkRecord {
  if (!isObject(value)) return false;
  const { form, run, description, phase, isOver, nextId, ranges, later, counts, before } = value;
  return (
    form === 1 &&
    typeof run === "string" &&
    typeof description === "string" &&
    isCount(phase) &&
    typeof isOver === "boolean" &&
    isCount(nextId) &&
    isListOf(ranges, recordLimits.openRangeCount, isOpenRange) &&
    isListOf(later, recordLimits.laterRangeCount, isRange) &&
    isCounts(counts) &&
    (before === undefined || isPastWork(before))
  );
}

function isOpenRange(value: unknown): boolean {
  if (!isRange(value)) return false;
  const { id, holder, beat, isWanted, isWhole } = value;
  return (
    isCount(id) &&
    isCount(beat) &&
    isTextOrNone(holder) &&
    typeof isWanted === "boolean" &&
    typeof isWhole === "boolean"
  );
}

function isPastWork(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { run, isOver, counts } = value;
  return typeof run === "string" && typeof isOver === "boolean" && isCounts(counts);
}

function isRange(value: unknown): value is Record<string, unknown> {
  return isObject(value) && isTextOrNone(value["after"]) && isTextOrNone(value["upTo"]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, most: number, isOne: (value: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(isOne);
}

function isCounts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
