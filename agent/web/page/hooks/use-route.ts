import { useEffect, useState } from 'preact/hooks';
import { formatRoute, parseRoute, type Route } from '../state/route.ts';

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    window.addEventListener('hashchange', update);
    return () => window.removeEventListener('hashchange', update);
  }, []);
  return route;
}

/** Those params alone, of the address as it is now. Another filter is no step that "back" should undo. */
export function changeParams(changed: Record<string, string>): void {
  const route = parseRoute(location.hash);
  history.replaceState(null, '', formatRoute({ ...route, params: { ...route.params, ...changed } }));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

export function goTo(route: Route): void {
  location.hash = formatRoute(route);
}
