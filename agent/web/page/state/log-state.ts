import type { LogLine } from '../../api.ts';
import { addLines, isShown, type LogFilter } from './log-buffer.ts';

/** Of the log viewer. */
export interface LogState {
  filter: LogFilter;
  lines: LogLine[];
  /** What the stream brought since the server was asked: the answer may not hold it. */
  meanwhile: LogLine[];
}

export type LogAction =
  | { type: 'asked'; filter: LogFilter }
  | { type: 'answered'; lines: LogLine[] }
  | { type: 'lines'; lines: LogLine[] };

export function reduceLog(state: LogState, action: LogAction): LogState {
  switch (action.type) {
    case 'asked': {
      const isSame = JSON.stringify(action.filter) === JSON.stringify(state.filter);
      return { filter: action.filter, lines: isSame ? state.lines : [], meanwhile: [] };
    }
    case 'answered':
      // Instead of what was there: a service that was started anew counts its lines from the beginning.
      return { ...state, lines: addLines(action.lines, state.meanwhile), meanwhile: [] };
    case 'lines': {
      const more = action.lines.filter((line) => isShown(line, state.filter));
      if (more.length === 0) return state;
      return { ...state, lines: addLines(state.lines, more), meanwhile: addLines(state.meanwhile, more) };
    }
  }
}
