import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** A command to type, which a click selects as a whole. */
export function CommandLine({ command }: { command: string }): ComponentChildren {
  const [isCopied, setIsCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setIsCopied(true);
  };
  return (
    <div class="command">
      <code>{command}</code>
      {/* Browsers have it on https and on localhost alone. */}
      {navigator.clipboard ? (
        <button type="button" onClick={() => void copy()}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      ) : null}
    </div>
  );
}
