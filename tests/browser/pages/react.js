/** Exposes React's browser build as a module, as a bundler would. */
export const { useEffect, useMemo, useSyncExternalStore } = globalThis.React;
