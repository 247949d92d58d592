import { StringDecoder } from "node:string_decoder";
import { isErrorCode, SyncError } from "../errors.ts";
import type { ChildWords } from "./child-process.node.ts";
import type { Bytes } from "../types.ts";

/** What becomes of the words of the other end. */
interface RemoteWordsOptions {
  /** Takes a line that is not the program's own: of a remote shell, or of what that runs first. */
  readonly onText: (line: string) => void;
}

/**
 * Characters of a line; of what is longer the rest is passed over. A path of 4096 bytes fits, each
 * escaped.
 */
const maxLineLength = 65_536;
/** Of foreign text: characters of a line, and lines. */
const maxTextLength = 500;
const maxTextCount = 20;
/** How long foreign text waits to become the reason of a failure before it is told by itself. */
const textWaitMs = 1000;

/**
 * Reads what a program at the other end of a remote shell reports with `--json`. What it has to
 * tell comes over the session, so that is not told again: a failure is the reason why the program
 * is gone when no session came about, and keeps its code. Whatever else stands there is text.
 */
export class RemoteWords implements ChildWords {
  readonly #options: RemoteWordsOptions;
  readonly #decoder = new StringDecoder();
  #line = "";
  #failure: SyncError | undefined;
  #texts: string[] = [];
  #textCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

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

  end(hasFailed: boolean): string | SyncError {
    this.#take(this.#line);
    this.#line = "";
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
    if (event) {
      if (event["event"] === "failure") this.#failure = failureIn(event);
    } else if (line.trim() !== "") this.#keepText(line.trim());
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

function failureIn({ path, message, code }: Readonly<Record<string, unknown>>): SyncError {
  const text = String(message).slice(0, maxTextLength);
  const detail = typeof path === "string" ? { path } : {};
  return new SyncError(isErrorCode(code) ? code : "INTERNAL", text, { detail, remote: true });
}
