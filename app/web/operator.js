/**
 * What the operator has set, which the service writes into the page's root: `signInUrl`, where users
 * sign in; `creditsUrl`, where they buy credits (both undefined if there is none); `isDevelopment`,
 * whether nobody signs in.
 */
const { signInUrl, creditsUrl, development } = document.documentElement.dataset;
const isDevelopment = development === "true";

export { creditsUrl, isDevelopment, signInUrl };
