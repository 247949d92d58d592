import { StringDecoder } from "node:string_decoder";
import type { ChildWords } from "../transport/child-process.node.ts";
import type { TreeChange } from "../tree/tree-change.node.ts";
import type { Bytes } from "../types.ts";

/** What becomes of the words of the other end. */
interface RemoteWordsOptions {
  /** Takes a line that is not the program's own: of a remote shell, or of what that runs first. */
  readonly onText: (line: string) => void;
  /** Takes what the other end would do to a path. */
  readonly onChange?: (change: TreeChange) => void;
}

/** Characters of a line; of what is longer the rest is passed over. A path of 4096 bytes fits, each escaped. */
const maxLineLength = 65_536;
/** Of foreign text: characters of a line, and lines. */
const maxTextLength = 500;
const maxTextCount = 20;
/** How long foreign text waits to become the reason of a failure before it is told by itself. */
const textWaitMs = 1000;

const changes: readonly unknown[] = ["new", "changed", "touched", "deleted"];
const kinds: readonly unknown[] = ["file", "dir", "symlink", "other"];

/**
 * Reads what a program at the other end of a remote shell reports with `--json`. Its failures come over the session too, so they
 * are not told again: one is the reason why the program is gone when no session came about. Whatever else stands there is text.
 */
export class RemoteWords implements ChildWords {
  readonly #options: RemoteWordsOptions;
  readonly #decoder = new StringDecoder();
  #line = "";
  #failure: string | undefined;
  #texts: string[] = [];
  #textCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settle!: (isWhole: boolean) => void;
  /** Settles with true when the program has told all, with false when it is gone before that. */
  readonly told = new Promise<boolean>((resolve) => (this.#settle = resolve));

  constructor(options: RemoteWordsOptions) {
    this.#options = options;
  }

  hear(bytes: Bytes): void {
    const [rest = "", ...lines] = this.#decoder.write(Buffer.from(bytes)).split("\n");
    this.#add(rest);
    for (const line of lines) {
      this.#take(this.#line);
      this.#line = "";
      this.#add(line);
    }
  }

  end(hasFailed: boolean): string {
    this.#take(this.#line);
    this.#line = "";
    this.#settle(false);
    const reason = this.#failure ?? this.#texts.join("; ");
    if (hasFailed) this.#texts = [];
    this.#tellTexts();
    return reason;
  }

  #add(text: string): void {
    this.#line += text.slice(0, maxLineLength - this.#line.length);
  }

  #take(line: string): void {
    const event = readEvent(line);
    if (event) this.#heed(event);
    else if (line.trim() !== "") this.#keepText(line.trim());
  }

  #heed(event: Readonly<Record<string, unknown>>): void {
    if (event["event"] === "summary") this.#settle(true);
    if (event["event"] === "failure") this.#failure = reasonIn(event);
    if (event["event"] === "change" && isChange(event)) {
      const { change, path, kind, size } = event;
      this.#options.onChange?.({ change, path, kind, size });
    }
  }

  #keepText(text: string): void {
    if (++this.#textCount > maxTextCount) return;
    this.#texts.push(text.slice(0, maxTextLength));
    this.#timer ??= setTimeout(() => this.#tellTexts(), textWaitMs).unref();
  }

  #tellTexts(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const text of this.#texts.splice(0)) this.#options.onText(text);
  }
}

function readEvent(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function reasonIn({ path, message, code }: Readonly<Record<string, unknown>>): string {
  const where = typeof path === "string" ? `${path}: ` : "";
  return `${where}${String(message)} (${String(code)})`.slice(0, maxTextLength);
}

function isChange(event: object): event is TreeChange {
  const { change, path, kind, size } = event as Partial<Record<keyof TreeChange, unknown>>;
  return changes.includes(change) && kinds.includes(kind) && typeof path === "string" && isCount(size);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
