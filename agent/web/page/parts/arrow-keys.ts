const ROW_STEPS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
const LINK_STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

/** Moves the focus between the links of a table; without one of them having it the keys scroll, as ever. */
export function moveAmongLinks(event: KeyboardEvent): void {
  const { key, currentTarget, target } = event;
  if (!(currentTarget instanceof HTMLTableElement) || !(target instanceof HTMLAnchorElement)) return;
  const next = ROW_STEPS[key] ? inRow(currentTarget, target, ROW_STEPS[key]) : inLine(target, LINK_STEPS[key]);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function inLine(link: HTMLAnchorElement, step: number | undefined): HTMLAnchorElement | undefined {
  const links = linksOf(link.closest('tr'));
  return step === undefined ? undefined : links[links.indexOf(link) + step];
}

/** The nearest one of the next row that has any. */
function inRow(table: HTMLTableElement, link: HTMLAnchorElement, step: number): HTMLAnchorElement | undefined {
  const rows = [...table.rows];
  const row = link.closest('tr');
  const column = link.closest('td')?.cellIndex ?? 0;
  for (let index = row ? rows.indexOf(row) + step : -1; index >= 0 && index < rows.length; index += step) {
    const distance = (other: HTMLAnchorElement) => Math.abs((other.closest('td')?.cellIndex ?? 0) - column);
    const [nearest] = linksOf(rows[index]).toSorted((a, b) => distance(a) - distance(b));
    if (nearest) return nearest;
  }
  return undefined;
}

function linksOf(row: HTMLTableRowElement | null | undefined): HTMLAnchorElement[] {
  return row ? [...row.querySelectorAll('a')] : [];
}
