import { decodeDone, encodeDone } from "../../src/session/closing.ts";
import { decodeCredit, encodeCredit, type Level } from "../../src/session/level-bytes.ts";
import { decodeHello, encodeHello } from "../../src/session/hello.ts";
import type { SenderAction } from "../../src/session/sender-action.ts";
import type { SenderCore } from "../../src/session/sender-core.ts";
import { decodeBits, decodeFileAnswers, encodeBits, encodeFileAnswers } from "../../src/session/wishes.ts";
import type { Flying } from "./setting.ts";

/** A mistake that is put between the cores and the rest of a session. */
export interface Flaw {
  /** What becomes of a frame of the sender; `aside` is for frames that come later. */
  down(frame: Flying, aside: Flying[]): readonly Flying[];
  /** What becomes of a frame of the receiver. */
  up(frame: Flying, aside: Flying[]): readonly Flying[];
  /** What the sender does next. */
  next(core: SenderCore<string>, aside: Flying[]): SenderAction<string> | undefined;
}

/** A session as it should be. */
export const noFlaw: Flaw = {
  down: (frame) => [frame],
  up: (frame) => [frame],
  next: (core) => core.next(),
};

const anyNumber = Number.MAX_SAFE_INTEGER;
const anySizes = new Array<number>(1000).fill(0);

function changed(type: Flying["type"], change: (payload: Flying["payload"]) => Flying["payload"]) {
  return (frame: Flying): Flying[] => [
    frame.type === type ? { type, payload: change(frame.payload) } : frame,
  ];
}

function lost(type: Flying["type"]) {
  return (frame: Flying): Flying[] => (frame.type === type ? [] : [frame]);
}

/** Holds frames of a type back until another one comes. */
function waiting(type: Flying["type"]) {
  return (frame: Flying, aside: Flying[]): Flying[] => {
    if (frame.type !== type) return [frame, ...aside.splice(0)];
    aside.push(frame);
    return [];
  };
}

/** Holds every other frame of a type back, and lets it go behind the next one. */
function swapped(type: Flying["type"]) {
  return (frame: Flying, aside: Flying[]): Flying[] => {
    if (frame.type !== type) return [frame];
    if (aside.length > 0) return [frame, ...aside.splice(0)];
    aside.push(frame);
    return [];
  };
}

function creditWithout(level: Level): Flaw {
  const up = changed("CREDIT", (payload) => encodeCredit({ ...decodeCredit(payload), [level]: 0 }));
  return { ...noFlaw, up };
}

/** Mistakes by name, each with what the explorer has to say about it. */
type Flaws = Readonly<Record<string, { readonly flaw: Flaw; readonly finding: RegExp }>>;

/** Mistakes with old versions of files. */
export const pieceFlaws: Flaws = {
  "SAME is missing": { flaw: { ...noFlaw, down: lost("SAME") }, finding: /awaits none/ },
  "runs wait for what is said next": {
    flaw: { ...noFlaw, down: waiting("DELTA") },
    finding: /nobody can move/,
  },
  "answers to pieces are out of order": {
    flaw: { ...noFlaw, up: swapped("WISH_PIECES") },
    finding: /nobody can move/,
  },
  "WISH_PARTS is missing": { flaw: { ...noFlaw, up: lost("WISH_PARTS") }, finding: /nobody can move/ },
  "parts that were wrong are missing": {
    flaw: { ...noFlaw, down: lost("PART") },
    finding: /nobody can move/,
  },
};

/** Mistakes with the comparison of directories. */
export const subtreeFlaws: Flaws = {
  "ROOT is missing": { flaw: { ...noFlaw, down: lost("ROOT") }, finding: /nobody can move/ },
  "SUBTREES is missing": { flaw: { ...noFlaw, up: lost("SUBTREES") }, finding: /nobody can move/ },
  "COMPARE comes late": { flaw: { ...noFlaw, down: waiting("COMPARE") }, finding: /ROOT out of turn/ },
  "all is said to be there": {
    flaw: {
      ...noFlaw,
      down(frame, aside) {
        if (frame.type === "ROOT") aside.push(frame);
        return [frame];
      },
      up(frame, aside) {
        const root = aside.pop();
        if (frame.type !== "SUBTREES" || !root) return [frame];
        return [{ type: "SUBTREES", payload: Uint8Array.of(1, ...root.payload.subarray(-8)) }];
      },
    },
    finding: /is not right, and not both ends are told/,
  },
};

/** Mistakes with files of which others bring ranges. */
export const rangeFlaws: Flaws = {
  "DONE says that nothing is missing": {
    flaw: {
      ...noFlaw,
      up: changed("DONE", (payload) => encodeDone({ ...decodeDone(payload), missingBytes: 0 })),
    },
    finding: /is not right, and not both ends are told/,
  },
};

/** Mistakes with anything else. */
export const flaws: Flaws = {
  "credit for entries is lost": { flaw: creditWithout("entries"), finding: /nobody can move/ },
  "credit for chunks is lost": { flaw: creditWithout("chunks"), finding: /nobody can move/ },
  "credit for content is lost": { flaw: creditWithout("data"), finding: /nobody can move/ },
  "credit is given twice": {
    flaw: { ...noFlaw, up: (frame) => (frame.type === "CREDIT" ? [frame, frame] : [frame]) },
    finding: /credited/,
  },
  "answers to files are out of order": {
    flaw: {
      ...noFlaw,
      up: changed("WISH_FILES", (payload) =>
        encodeFileAnswers(decodeFileAnswers(payload, 1000, () => 0).reverse(), anySizes),
      ),
    },
    finding: /a list for a file that awaits none/,
  },
  "answers to chunks are out of order": {
    flaw: {
      ...noFlaw,
      up: changed("WISH_CHUNKS", (payload) => encodeBits(decodeBits(payload, anyNumber).reverse())),
    },
    finding: /chunk .* was expected/,
  },
  "credit for chunks is given with the answers": {
    flaw: {
      ...noFlaw,
      up(frame) {
        if (frame.type !== "WISH_CHUNKS") return creditWithout("chunks").up(frame, []);
        const chunkCount = decodeBits(frame.payload, anyNumber).length;
        return [
          frame,
          { type: "CREDIT", payload: encodeCredit({ entries: 0, chunks: 3 + 33 * chunkCount, data: 0 }) },
        ];
      },
    },
    finding: /chunks are awaited/,
  },
  "credit is told only with the next one": {
    flaw: {
      ...noFlaw,
      up(frame, aside) {
        if (frame.type !== "CREDIT") return [frame];
        aside.push(frame);
        return aside.splice(0, aside.length - 1);
      },
    },
    finding: /nobody can move/,
  },
  "content waits for the end of the list": {
    flaw: {
      ...noFlaw,
      down(frame, aside) {
        if (frame.type === "LISTED") return [frame, ...aside.splice(0)];
        if (frame.type !== "DATA" && frame.type !== "PUSH") return [frame];
        aside.push(frame);
        return [];
      },
    },
    finding: /nobody can move/,
  },
  "SKIP is missing": { flaw: { ...noFlaw, down: lost("SKIP") }, finding: /nobody can move/ },
  "FAILED is missing": { flaw: { ...noFlaw, up: lost("FAILED") }, finding: /told/ },
  "END comes too early": {
    flaw: {
      ...noFlaw,
      next(core, aside) {
        const action = core.next();
        if (action !== undefined || !core.totals.listed || aside.length > 0) return action;
        aside.push({ type: "END", payload: new Uint8Array(0) });
        return { do: "end" };
      },
    },
    finding: /ended with/,
  },
  "windows are ignored": {
    flaw: {
      ...noFlaw,
      up: changed("HELLO", (payload) => {
        const windows = { entries: 1e6, chunks: 1e6, data: 1e6 };
        return encodeHello({ ...decodeHello(payload, "receiver"), windows });
      }),
    },
    finding: /under way/,
  },
};
