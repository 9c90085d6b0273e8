// Shared by the evidence and the page below it: clicks and keys become the place to be opened.
const number = (text) => (text === undefined ? null : Number(text));

function open(place) {
  document.querySelector("#page")?.classList.add("waits");
  trigger("click", place);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.close !== undefined) return close();
  if (button?.dataset.large !== undefined) return enlarge(!button.closest(":modal"));
  if (button?.dataset.start !== undefined) {
    const { start, end, leaf } = button.dataset;
    open({ start: number(start), end: number(end), leaf: number(leaf), as: button.dataset.as });
    return;
  }
  const strip = event.target.closest(".strip");
  if (strip) {
    const box = strip.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const start = Math.floor(share * Number(strip.dataset.length));
    if (start < Number(strip.dataset.limit)) open({ start, end: start });
  }
});

element.addEventListener("keydown", (event) => {
  const strip = event.target.closest(".strip");
  if (strip) alongStrip(strip, event);
});

element.addEventListener("focusin", (event) => {
  const strip = event.target.closest(".strip");
  if (strip?.matches(":focus-visible")) show(strip, Number(strip.getAttribute("aria-valuenow")));
});

element.addEventListener("focusout", (event) => {
  const strip = event.target.closest(".strip");
  if (strip) strip.querySelector(".strip-cursor").hidden = true;
});

// The slider: arrows move to the next stop, Enter opens it.
function alongStrip(strip, event) {
  const stops = JSON.parse(strip.dataset.stops);
  if (!stops.length) return;
  const now = Number(strip.getAttribute("aria-valuenow"));
  const last = stops.length - 1;
  const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  let next = now + (steps[event.key] ?? 0);
  if (event.key === "Home") next = 0;
  else if (event.key === "End") next = last;
  else if (event.key === "Enter" || event.key === " ") open({ start: stops[now][0], end: stops[now][0] });
  else if (!(event.key in steps)) return;
  event.preventDefault();
  show(strip, Math.min(Math.max(next, 0), last));
}

function show(strip, at) {
  const stops = JSON.parse(strip.dataset.stops);
  if (!stops[at]) return;
  strip.setAttribute("aria-valuenow", at);
  strip.setAttribute("aria-valuetext", stops[at][1]);
  const cursor = strip.querySelector(".strip-cursor");
  cursor.hidden = false;
  cursor.style.left = `${(100 * stops[at][0]) / Number(strip.dataset.length)}%`;
  cursor.dataset.name = stops[at][1];
}

// The page is a dialog that is always open: in its place, or above all else.
let large = false;

function enlarge(wanted) {
  large = wanted;
  const page = element.querySelector(".page-view");
  page.close();
  if (large) page.showModal();
  else page.show();
  const button = page.querySelector("[data-large]");
  button.setAttribute("aria-pressed", large);
  button.textContent = large ? "Smaller" : "Enlarge";
  button.focus({ preventScroll: true });
  toMark();
}

function close() {
  large = false;
  props.value = "";
  document.querySelector("#evidence button, #evidence .strip")?.focus();
}

// Bring the marked passage into view, inside of the page first.
function toMark() {
  const scroll = element.querySelector(".page-scroll");
  if (!scroll) return;
  const mark = scroll.querySelector("mark");
  const picture = scroll.querySelector("img");
  if (mark) scroll.scrollTop = mark.offsetTop - scroll.clientHeight / 3;
  else if (picture)
    scroll.scrollTop = picture.clientHeight * Number(scroll.dataset.top) - scroll.clientHeight / 3;
}

if (element.id === "page" || element.closest("#page")) {
  watch("value", () => {
    document.querySelector("#page")?.classList.remove("waits");
    const page = element.querySelector(".page-view");
    if (!page) return;
    page.addEventListener("cancel", (event) => {
      event.preventDefault();
      enlarge(false);
    });
    if (large) enlarge(true);
    const picture = element.querySelector("img");
    if (picture && !picture.complete) picture.addEventListener("load", toMark);
    toMark();
    page.querySelector(".page-title").focus({ preventScroll: true });
    if (!large) element.scrollIntoView({ block: "nearest" });
  });
}
