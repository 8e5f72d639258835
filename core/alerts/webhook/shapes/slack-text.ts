/** https://docs.slack.dev/messaging/formatting-message-text: these three, and no others, have a meaning of their own. */
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escaped, and cut to `max` characters where it is longer, but never within a character or an entity. */
export function slackText(text: string, max: number): string {
  const pieces = Array.from(text.toWellFormed(), (character) => ENTITIES[character] ?? character);
  const whole = pieces.join('');
  if (whole.length <= max) return whole;
  let fitting = '';
  for (const piece of pieces) {
    if (fitting.length + piece.length >= max) break;
    fitting += piece;
  }
  return `${fitting}…`;
}
