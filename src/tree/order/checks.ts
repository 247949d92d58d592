import { SyncError } from "../../errors.ts";

/** Checks a value that a peer sent, and returns it. @throws BAD_MESSAGE, UNSUPPORTED */
export type Check<Value> = (value: unknown, name: string) => Value;

/** True or false. */
export const flag: Check<boolean> = (value, name) => {
  if (typeof value !== "boolean") throw wrong(name, "true or false", value);
  return value;
};

/** A whole number, within these. */
export function count(most = Number.MAX_SAFE_INTEGER, least = 0): Check<number> {
  const wanted = `a whole number from ${least} to ${most}`;
  return (value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw wrong(name, wanted, value);
    return value as number;
  };
}

/** One of some words. */
export function choice<const Word extends string>(...words: readonly Word[]): Check<Word> {
  return (value, name) => {
    if (!words.includes(value as Word)) throw wrong(name, `one of ${words.join(", ")}`, value);
    return value as Word;
  };
}

/** A text of so many characters at most, without U+0000. */
export function text(length: number): Check<string> {
  return (value, name) => {
    if (typeof value !== "string" || value.length > length || value.includes("\0"))
      throw wrong(name, `a text of ${length} characters at most`, value);
    return value;
  };
}

/** A list of texts: so many at most, of so many characters each. */
export function texts(limits: { readonly count: number; readonly length: number }): Check<readonly string[]> {
  const check = text(limits.length);
  return (value, name) => {
    if (!Array.isArray(value) || value.length > limits.count)
      throw wrong(name, `a list of ${limits.count} texts at most`, value);
    return value.map((one) => check(one, name));
  };
}

/** A record of some fields, each of which may be absent; one without a name is what is asked. */
export function record<Fields extends Readonly<Record<string, Check<unknown>>>>(
  fields: Fields,
): Check<{ readonly [Name in keyof Fields]?: ReturnType<Fields[Name]> }> {
  return (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw wrong(name, "a record of fields", value);
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const inner = name === "" ? key : `${name}.${key}`;
        if (!Object.hasOwn(fields, key)) throw unknownField(inner);
        return [key, fields[key]!(member, inner)];
      }),
    ) as { [Name in keyof Fields]?: ReturnType<Fields[Name]> };
  };
}

/**
 * What an end says that does not know what it is asked for.
 *
 * @param name with that of the record in front
 */
export function unknownField(name: string): SyncError {
  const field = name.slice(0, 100);
  return new SyncError("UNSUPPORTED", `"${field}" is not known here`, { detail: { field } });
}

/** Characters that are told of what somebody gave. */
const toldChars = 64;

function wrong(field: string, wanted: string, given: unknown): SyncError {
  const told = (JSON.stringify(given) ?? typeof given).slice(0, toldChars);
  if (field === "") return new SyncError("BAD_MESSAGE", `what is asked has to be ${wanted}, not ${told}`);
  return new SyncError("BAD_MESSAGE", `"${field}" takes ${wanted}, not ${told}`, { detail: { field } });
}
