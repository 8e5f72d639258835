/** A list that is read page by page, with what is known of its whole. */
export interface Pages<T> {
  items: T[];
  /** Of all that match; null where that is not told. */
  total: number | null;
  /** Where the next page begins; null at the end. */
  next: string | null;
}

export type ReadPage<T> = (before: string | null) => Promise<Pages<T>>;

/** Reads from the beginning until there are at least as many as asked for, or all. @throws as `readPage` */
export async function readPages<T>(readPage: ReadPage<T>, atLeast: number): Promise<Pages<T>> {
  let pages = await readPage(null);
  while (pages.next !== null && pages.items.length < atLeast) pages = await readOn(readPage, pages);
  return pages;
}

/** @throws as `readPage` */
export async function readOn<T>(readPage: ReadPage<T>, { items, next }: Pages<T>): Promise<Pages<T>> {
  const page = await readPage(next);
  return { ...page, items: [...items, ...page.items] };
}

/** Reads until one is older than `since`, or all. @param at ISO 8601 of an item; null where it is not known */
export async function readSince<T>(readPage: ReadPage<T>, at: (item: T) => string | null, since: string): Promise<T[]> {
  let pages = await readPage(null);
  const isOlder = (item: T) => (at(item) ?? since) < since;
  while (pages.next !== null && !pages.items.some(isOlder)) pages = await readOn(readPage, pages);
  return pages.items.filter((item) => !isOlder(item));
}
