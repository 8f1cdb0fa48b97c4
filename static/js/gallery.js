// Older photos come as one scrolls. Meanwhile the link below keeps its place unseen, so that nothing is pushed; when a fetch
// fails, it leads to them.
// The address is that of a page which begins just above what one sees: who comes back gets that one only.

const REST_MS = 150;
// Rows of two, four or six begin with such a card.
const ROWS = 12;

const more = document.querySelector(".more");
const pages = document.querySelector(".pages");
const start = new URLSearchParams(location.search).get("before");

const next = () => more?.querySelector("a");
const idOf = (card) => card.pathname.split("/")[2];
const box = (one) => one.getBoundingClientRect();
const isInSight = (one) => box(one).bottom > 0;
const shown = (part) => [...part.querySelectorAll(".card[href]")];

async function append() {
  const answer = await fetch(next().href);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = page.querySelector(".grid");
  if (cards) pages.append(document.adoptNode(cards));
  const further = page.querySelector(".more a");
  if (further) next().href = further.href;
  else next().remove();
}

function keepPlace() {
  const grid = [...pages.children].find(isInSight);
  const card = grid && shown(grid).find(isInSight);
  if (!card) return;
  const cards = shown(pages);
  const first = Math.floor(cards.indexOf(card) / ROWS - 1) * ROWS;
  const before = first > 0 ? idOf(cards[first - 1]) : start;
  const here = new URL(location);
  if (before) here.searchParams.set("before", before);
  else here.searchParams.delete("before");
  history.replaceState({ card: idOf(card), top: box(card).top }, "", here);
}

// To the next card if that one is gone.
function comeBack(place) {
  const card = shown(pages).find((one) => idOf(one) <= place.card);
  if (card) scrollBy(0, box(card).top - place.top);
}

// Two screens ahead, so that one seldom sees the end.
const watch = new IntersectionObserver(async (entries) => {
  // Of several that came together the last is how it is now.
  if (!entries.at(-1).isIntersecting || !next()) return;
  watch.disconnect();
  try {
    await append();
    if (next()) watch.observe(more);
  } catch {
    more.style.visibility = "";
  }
}, { rootMargin: "200% 0px" });

if (pages) {
  // The browser would count from the first page's top.
  history.scrollRestoration = "manual";
  if (history.state) comeBack(history.state);
  let rest;
  addEventListener("scroll", () => {
    clearTimeout(rest);
    rest = setTimeout(keepPlace, REST_MS);
  });
  addEventListener("click", keepPlace);
}

if (more) {
  more.style.visibility = "hidden";
  watch.observe(more);
}
