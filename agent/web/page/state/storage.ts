type Kind = 'localStorage' | 'sessionStorage';

/** Undefined where there is none, or where the browser refuses to keep anything: it may do so by throwing. */
export function kept(kind: Kind, key: string): string | undefined {
  try {
    return window[kind].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Where the browser refuses it, it lasts as long as the page. @param value undefined to forget it */
export function keep(kind: Kind, key: string, value: string | undefined): void {
  try {
    if (value === undefined) window[kind].removeItem(key);
    else window[kind].setItem(key, value);
  } catch {
    // Nothing that the page needs.
  }
}
