import { defineConfig } from 'vite';

export default defineConfig({
  // Relative links: the page works in any folder of any host.
  base: './',
  build: {
    target: 'es2023',
    // Inlined data: URLs are not allowed by the page's content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
