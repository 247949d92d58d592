/** An ETag without its quotes, and without the mark of a weak one. */
export function etagOf(text: string | null | undefined): string | undefined {
  if (!text) return undefined;
  const isPlain = text.startsWith('"') && text.indexOf('"', 1) === text.length - 1;
  return (isPlain ? text.slice(1, -1) : text.replace(/^W\//, "").replaceAll('"', "")) || undefined;
}

/** True for an ETag that is the MD5 of the content, as far as its form tells. */
export function isMd5(etag: string | undefined): etag is string {
  return etag !== undefined && /^[0-9a-f]{32}$/.test(etag);
}

/** The number of parts by which an ETag says that the object was written. */
export function partCountOf(etag: string | undefined): number | undefined {
  const count = /^[0-9a-f]{32}-(\d{1,5})$/.exec(etag ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}
