// The gallery's cards change when their photos do; new photos are told of, and move nothing.

import { announce, follow } from "./live.js";

const ASKED = 200;
// More are not counted.
const MANY = 99;
// Every photo is newer.
const NONE = "00000000-0000-0000-0000-000000000000";

const idOf = (card) => card.pathname.split("/")[2];
const shown = () => [...document.querySelectorAll(".card[href]")];
const count = (n, one) => `${n} ${one}${n === 1 ? "" : "s"}`;

const newest = shown().map(idOf)[0] ?? "";
const unseen = new Set();
// Some may have been missed, whatever is told later.
let isUncertain = false;
const pill = document.createElement("p");
pill.className = "pill";
pill.setAttribute("role", "status");
document.querySelector(".pages, .empty").before(pill);

// The cards that are asked for as they are now, by id; of gone photos there is none.
async function fetched(asked) {
  const address = new URL(document.body.dataset.cards, location);
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return new Map([...page.querySelectorAll(".card")].map((card) => [idOf(card), card]));
}

async function refresh(cards) {
  for (let start = 0; start < cards.length; start += ASKED) {
    const some = cards.slice(start, start + ASKED);
    const fresh = await fetched({ ids: some.map(idOf) });
    for (const card of some) swap(card, fresh.get(idOf(card)));
  }
  if (cards.length) announce(`${count(cards.length, "photo")} changed`);
}

// Only what is in the link: it keeps its place and the focus.
function swap(card, fresh) {
  if (fresh) {
    card.replaceChildren(...fresh.childNodes);
    return;
  }
  const note = document.createElement("span");
  note.className = "note";
  note.textContent = "deleted";
  card.querySelector(".frame").replaceChildren(note);
  card.classList.add("gone");
  card.removeAttribute("href");
  card.tabIndex = -1;
}

async function meet(ids) {
  const later = ids.filter((id) => id > newest && !unseen.has(id));
  if (later.length) await addNew({ ids: later });
}

// Answers whether there are any.
async function addNew(asked) {
  if (unseen.size > MANY) return false;
  const found = await fetched({ ...asked, matching: 1 });
  for (const id of found.keys()) unseen.add(id);
  return found.size > 0;
}

function tellOfNew() {
  const start = new URL(location);
  start.searchParams.delete("before");
  start.hash = "";
  const link = document.createElement("a");
  link.className = "button";
  link.href = start;
  link.textContent = unseen.size > MANY ? `More than ${MANY} new photos` : count(unseen.size, "new photo");
  if (isUncertain) link.textContent = "Show the newest photos";
  if (link.textContent === pill.textContent) return;
  pill.replaceChildren(...(unseen.size || isUncertain ? [link] : []));
}

follow({
  waiting: () => shown().filter((card) => card.querySelector(".waiting")).map(idOf),
  async told(events) {
    const ids = (...types) => events.filter(({ type }) => types.includes(type)).map(({ id }) => id);
    const isReset = events.some(({ type }) => type === "reset");
    const changed = new Set(ids("photo.thumbnail_ready", "photo.thumbnail_failed", "photo.deleted"));
    await refresh(shown().filter((card) => isReset || changed.has(idOf(card))));
    await meet(ids("photo.created"));
    for (const id of ids("photo.deleted")) unseen.delete(id);
    isUncertain ||= isReset;
    tellOfNew();
  },
  async look() {
    // On a page of older photos those before it are not new.
    const isStart = "start" in document.body.dataset;
    const after = [...unseen].sort().at(-1) ?? (newest || NONE);
    if (isStart && (await addNew({ after }))) tellOfNew();
  },
});
