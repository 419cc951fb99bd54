/** React's own build for browsers, as the module that an application's bundler makes of it. */
export const { useEffect, useMemo, useSyncExternalStore } = globalThis.React;
