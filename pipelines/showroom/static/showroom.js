/* What a page that is only a file cannot know by itself: how old it is by now, and whether its reader wants it light or
   dark. Everything else works without this; nothing here asks the network for anything. */
(() => {
  "use strict";
  const root = document.documentElement;
  const AMBER = 36 * 3600e3, BANNER = 7 * 24 * 3600e3;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (value) => { try { localStorage.setItem("theme", value); } catch { /* a browser may refuse files */ } };
  if (["light", "dark"].includes(kept())) root.dataset.theme = kept();

  const age = () => {
    const fresh = document.querySelector("[data-published]");
    const old = Date.now() - Date.parse(fresh.dataset.published);
    if (!(old > AMBER)) return;
    const days = Math.round(old / (24 * 3600e3));
    fresh.classList.add("stale");
    fresh.querySelector(".age").textContent = `, published ${days} days ago`;
    document.querySelector(".stale-banner").hidden = !(old > BANNER);
  };
  const theme = () => {
    const button = document.querySelector("button.theme");
    const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const tell = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    tell();
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; keep(root.dataset.theme); tell(); });
  };
  document.addEventListener("DOMContentLoaded", () => { age(); theme(); });
})();
