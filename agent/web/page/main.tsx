import { render } from 'preact';
import { App } from './app.tsx';
import { LiveContext } from './hooks/use-live.ts';
import { applyStoredTheme } from './hooks/use-theme.ts';
import { startLive } from './state/live.ts';

applyStoredTheme();
const page = document.getElementById('page');
if (!page) throw new Error('index.html has no #page');
render(
  <LiveContext.Provider value={startLive()}>
    <App />
  </LiveContext.Provider>,
  page,
);
