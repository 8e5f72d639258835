/** The input by which the same function tells what became of a run. */
export function howToAsk(target: string, runId: string): string {
  return `invoke with ${JSON.stringify({ action: 'status', target, runId })}`;
}

/** That by which it has a restore ended whose agent has died. */
export function howToRecover(target: string): string {
  return `invoke with ${JSON.stringify({ action: 'recover', target })}`;
}
