// The arrow keys lead to the photos beside this one; and the page changes when its photo does.

import { announce, follow, mayLook } from "./live.js";

const LINKS = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" };
const FOCUSABLE = "a, button, [tabindex]";

addEventListener("keydown", (event) => {
  const link = document.querySelector(LINKS[event.key] ?? "none");
  const needsIt = event.target.closest("input, select, textarea, [tabindex='0']");
  const isModified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (link && !needsIt && !isModified) link.click();
});

// What stands at the address of a form that was refused is not the page.
const id = location.pathname.split("/")[2];
const state = document.querySelector("[data-live=state]");

async function refresh() {
  const answer = await fetch(`/photos/${id}/${location.search}`);
  if (answer.status === 404) {
    if (!(await mayLook())) return;
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "This photo is gone.";
    state.replaceChildren(note);
  } else if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of page.querySelectorAll("[data-live]")) swap(part);
  } else {
    throw new Error(answer.statusText);
  }
  announce(state.innerText || "The thumbnails are complete.");
}

function swap(fresh) {
  const part = document.querySelector(`[data-live=${fresh.dataset.live}]`);
  if (part.isEqualNode(fresh)) return;
  const focused = document.activeElement;
  part.replaceChildren(...fresh.childNodes);
  if (focused.isConnected) return;
  const same = (one) => one.tagName === focused.tagName && one.getAttribute("href") === focused.getAttribute("href");
  const next = [...part.querySelectorAll(FOCUSABLE)].find(same) ?? document.querySelector("main");
  next.focus({ preventScroll: true });
}

function concerns({ type, id: other }) {
  const isBeside = document.querySelector(`.beside a[href*="${other}"]`);
  return type === "reset" || other === id || (type === "photo.deleted" && isBeside);
}

follow({
  waiting: () => (state.querySelector(".waiting") ? [id] : []),
  told: (events) => (events.some(concerns) ? refresh() : undefined),
});
