import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { noteSession } from "./session-note.ts";

/**
 * The versions of V8 in which each setting was tried, from the first to the last: those of Node.js
 * 20 to 26. One that does not know a setting says so on standard error, so others keep their own.
 * Behind them stands what sets it back to the engine's own, with what it has changed besides.
 */
const triedVersions = {
  "--interrupt-budget": ["11.3", "11.3", "--interrupt-budget=67584"],
  "--semi-space-growth-factor": ["11.3", "14.6", "--semi-space-growth-factor=2"],
  "--heap-growing-percent": ["11.3", "14.6", "--heap-growing-percent=0"],
  "--liftoff-only": ["11.3", "14.6", "--no-liftoff-only --wasm-tier-up --wasm-dynamic-tiering"],
} as const;

/** A setting of the engine. */
type EngineSetting = keyof typeof triedVersions;

/**
 * The space for young objects, both halves. In less, what is still in use is taken for old; in
 * more, nothing is gained by letting what is not wait longer.
 */
const youngSpaceBytes = 8 << 20;
/**
 * From where on it matters whether a heap doubles. Below, to sweep it more often would take a
 * quarter of the time of a session.
 */
const smallHeapBytes = 48 << 20;
/**
 * How long after the start a session's settings are made, and how often is looked whether one is
 * due. V8 takes over no compiled code from an engine with other settings: neither that of the
 * program, which is kept, nor that of the parts of Node.js, which all come with it. So what is
 * loaded at the start is loaded before.
 */
const lookMs = 100;

/**
 * How long code has to run before it is optimised, by the mode of a session; the engine's own is
 * 67,584. To compile in the background is free only where a processor is idle, and both ends of a
 * pipe leave none. A first copy of 400 MB one way takes 8 % less processor time with this than with
 * the engine's own. What answers comes to run more code: of a push of 78,000 files it takes 8 %
 * less than with the higher value; of one of 2,560 files 2 % more, and a quarter less than with the
 * engine's own.
 */
const interruptBudgets = { duplex: 400_000, "one-way": 1_000_000 };

/**
 * Sets the engine up for a session.
 *
 * The heap stays small. What a session keeps is little, but much passes through. Of a tree of
 * 78,000 files the sender would take 30 MB more, the receiver 7, and neither less time; and a heap
 * that may double before it is swept does, to 300 MB for a tree of 300,000 files.
 */
export function prepareForSession(mode: keyof typeof interruptBudgets): void {
  noteSession();
  setTimeout(() => {
    set("--interrupt-budget", interruptBudgets[mode]);
    set("--semi-space-growth-factor", 4);
  }, lookMs).unref();
  setWhen(() => youngBytes() >= youngSpaceBytes, "--semi-space-growth-factor", 1);
  setWhen(() => getHeapStatistics().total_heap_size >= smallHeapBytes, "--heap-growing-percent", 20);
}

/**
 * Sets the engine up for a fetch: keeps the heap for young objects at its first size. Where blocks
 * of content pass through one by one, nothing is gained by letting more of them wait to be swept: a
 * fetch of 256 MB takes 40 MB more memory, and no less time.
 */
export function prepareForFetch(): void {
  set("--semi-space-growth-factor", 1);
}

/**
 * Sets the engine up for listings of buckets, of which a page is short-lived whatever room there
 * is; and the code of the database stays as it is compiled first. Both take less memory and no more
 * time.
 */
export function prepareForListings(): void {
  set("--liftoff-only");
  set("--semi-space-growth-factor", 1);
}

/**
 * Sets the engine up for copies of objects: of those under way something is always in use, and in
 * the room for young objects that listings have, it is taken for old. Of 20,000 objects of a few
 * kilobytes copies take an eighth less processor time than in that, and 5 MB more memory.
 */
export function prepareForCopies(): void {
  set("--semi-space-growth-factor", 2);
  setWhen(() => youngBytes() >= youngSpaceBytes, "--semi-space-growth-factor", 1);
}

/** True when a version of V8 takes a setting without a word. */
export function takesSetting(setting: EngineSetting, version: string): boolean {
  const [first, last] = triedVersions[setting];
  return rankOf(first) <= rankOf(version) && rankOf(version) <= rankOf(last);
}

/** What orders versions: `13.6.233.17-node.53` comes between `12.4` and `14.1`. */
function rankOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}

function set(setting: EngineSetting, value?: number): void {
  if (!takesSetting(setting, process.versions.v8)) return;
  setFlagsFromString(value === undefined ? setting : `${setting}=${value}`);
  // Code that is kept then serves an engine as it starts: V8 refuses it to one with other settings.
  process.prependOnceListener("exit", () => setFlagsFromString(triedVersions[setting][2]));
}

function setWhen(isSo: () => boolean, setting: EngineSetting, value: number): void {
  if (!takesSetting(setting, process.versions.v8)) return;
  const timer = setInterval(() => {
    if (!isSo()) return;
    set(setting, value);
    clearInterval(timer);
  }, lookMs).unref();
}

function youngBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find((space) => space.space_name === "new_space")?.space_size ?? 0;
}
