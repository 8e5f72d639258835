/** A list that is read page by page, with what is known of its whole. */
export interface Pages<T> {
  items: T[];
  /** Of all that match; null where that is not told. */
  total: number | null;
  /** Where the next page begins; null at the end. */
  next: string | null;
}

/** So many come with each "Load more". */
export const PAGE = 25;
/** The most that the service gives at once. */
export const MOST_AT_ONCE = 200;

/** @param missing so many are wanted of it, if there are */
export type ReadPage<T> = (before: string | null, missing: number) => Promise<Pages<T>>;

/** For `missing` items, in whole pages and as few requests as the service allows. */
export function limitFor(missing: number): number {
  return Math.min(MOST_AT_ONCE, Math.ceil(Math.max(1, missing) / PAGE) * PAGE);
}

/** Reads from the beginning until there are at least as many as asked for, or all. @throws as `readPage` */
export async function readPages<T>(readPage: ReadPage<T>, atLeast: number): Promise<Pages<T>> {
  let pages = await readPage(null, atLeast);
  while (pages.next !== null && pages.items.length < atLeast) {
    pages = await readOn(readPage, pages, atLeast - pages.items.length);
  }
  return pages;
}

/** @throws as `readPage` */
export async function readOn<T>(readPage: ReadPage<T>, { items, next }: Pages<T>, missing = 1): Promise<Pages<T>> {
  const page = await readPage(next, missing);
  return { ...page, items: [...items, ...page.items] };
}

/** Reads until one is older than `since`, or all. @param at ISO 8601 of an item; null where it is not known */
export async function readSince<T>(readPage: ReadPage<T>, at: (item: T) => string | null, since: string): Promise<T[]> {
  let pages = await readPage(null, 1);
  const isOlder = (item: T) => (at(item) ?? since) < since;
  while (pages.next !== null && !pages.items.some(isOlder)) pages = await readOn(readPage, pages);
  return pages.items.filter((item) => !isOlder(item));
}
