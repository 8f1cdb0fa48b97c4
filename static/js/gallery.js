// Older photos come as one scrolls: the next page is fetched, and its cards put below the ones that are here. Meanwhile the
// link below keeps its place unseen, so that nothing that one sees is pushed.
// Without this script, or when a fetch fails, the link leads to them.

const more = document.querySelector(".more");

const next = () => more.querySelector("a");

async function append() {
  const address = new URL(next().href);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = page.querySelector(".grid");
  if (cards) more.before(document.adoptNode(cards));
  const further = page.querySelector(".more a");
  if (further) next().href = further.href;
  else next().remove();
  // Who comes back gets all that is here at once, and so the browser finds the place.
  const here = new URL(location);
  here.searchParams.set("through", address.searchParams.get("before"));
  history.replaceState(history.state, "", here);
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

if (more) {
  more.style.visibility = "hidden";
  watch.observe(more);
}
