import { defineConfig } from "vite";

// The page is served by the service under a strict Content-Security-Policy: nothing may be inlined,
// neither script, style nor data: URI. Addresses are relative so that it also works behind a path prefix.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../service/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "desk/index.html", "softphone/index.html"] },
    target: "es2022",
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/v1": { target: "http://127.0.0.1:8790", ws: true } },
  },
});
