import type { ComponentChildren } from 'preact';

/** What is wider than the page scrolls in here, by keyboard too. */
export function ScrollBox({ label, children }: { label: string; children: ComponentChildren }): ComponentChildren {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll only what has the focus
    <section class="scroll-box" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
