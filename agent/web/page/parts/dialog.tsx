import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface DialogProps {
  title: ComponentChildren;
  /** `panel` takes the side of the page from top to bottom. */
  shape?: 'panel' | 'box';
  onClose: () => void;
  children: ComponentChildren;
}

/** Modal: the browser keeps the focus in it, closes it with Escape, and gives the focus back to where it was. */
export function Dialog({ title, shape = 'box', onClose, children }: DialogProps): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const isPressedOutside = useRef(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click beside it does
    <dialog
      ref={dialog}
      class={`dialog ${shape}`}
      aria-labelledby={heading}
      onClose={onClose}
      onMouseDown={(event) => {
        isPressedOutside.current = isOutside(event);
      }}
      onClick={(event) => {
        // A selection that is dragged out of it ends outside, too.
        if (isPressedOutside.current && isOutside(event)) dialog.current?.close();
      }}
    >
      <div class="dialog-inner">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}

/** Its own box is the backdrop's: what it shows lies in an element of its own. */
function isOutside({ target, currentTarget }: MouseEvent): boolean {
  return target === currentTarget;
}
