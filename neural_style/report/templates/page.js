// The page of one run. `view` is all that its viewer has chosen; it outlives a reload.
const stored = `nstyle ${location.pathname}`;
const view = {left: "", right: "", split: 50, zoom: 1, x: 0, y: 0, axis: "epoch", curves: {}};
try { Object.assign(view, JSON.parse(sessionStorage.getItem(stored))); } catch { /* no storage: start afresh */ }
let run = {pictures: [], losses: {}}, results = [], lines = [], scales, playing;

const find = src => run.pictures.find(picture => picture.src === src);
const shownResult = () => Math.max(0, results.findIndex(picture => picture.src === view.right));

// Takes over the data of the page; a viewer who was at the newest picture stays at the newest.
function load(text) {
  const newest = results.at(-1)?.src, focused = document.activeElement.id;
  run = JSON.parse(text);
  results = run.pictures.filter(picture => picture.epoch != null);
  if (!find(view.left)) view.left = run.pictures[0].src;
  if (!find(view.right) || view.right === newest) view.right = results.at(-1).src;
  for (const side of ["left", "right"]) {
    $(side).replaceChildren(...run.pictures.map(picture => new Option(picture.label, picture.src)));
  }
  $("scrubber").max = results.length - 1;
  $("strip").replaceChildren(...results.map(thumbnail));
  loadLosses();
  show();
  $(focused)?.focus({preventScroll: true});
}

function thumbnail(picture) {
  const button = document.createElement("button"), image = new Image();
  image.loading = "lazy";
  image.alt = picture.label;
  image.src = picture.thumb ?? picture.src;
  button.tabIndex = -1; // the scrubber is the same for the keyboard
  button.title = picture.label;
  button.onclick = () => choose(picture);
  button.append(image);
  return button;
}

function choose(picture) {
  view.right = picture.src;
  show();
}

// The photograph or a painting on the left; asked for again, the next painting.
function onTheLeft(kind) {
  const sources = run.pictures.filter(picture => picture.kind === kind);
  if (!sources.length) return;
  view.left = sources[(sources.findIndex(picture => picture.src === view.left) + 1) % sources.length].src;
  show();
}

function step(by) {
  choose(results[clamp(shownResult() + by, 0, results.length - 1)]);
}

function show() {
  for (const side of ["left", "right"]) {
    const picture = find(view[side]), image = $(`${side}-picture`);
    look(image, picture);
    image.alt = `${side === "left" ? "Left" : "Right"}: ${picture.label}`;
    image.className = picture.kind;
    $(side).value = picture.src;
  }
  const at = shownResult(), picture = results[at];
  $("scrubber").value = at;
  $("scrubber").setAttribute("aria-valuetext", picture.label);
  $("download").href = picture.src;
  $("caption").textContent = `${picture.label} · ${duration(picture.seconds)} · total ${figure(picture.total)}`;
  const strip = $("strip"), chosen = strip.children[at];
  [...strip.children].forEach(button => button.setAttribute("aria-current", button === chosen));
  const start = chosen.offsetLeft - strip.offsetLeft - 4, end = start + chosen.offsetWidth + 8;
  strip.scrollLeft = clamp(strip.scrollLeft, end - strip.clientWidth, start);
  split(view.split);
  redraw();
}

// A picture with a thumbnail is seen small at once, and large when the viewer rests on it.
const resting = {};
function look(image, {src, thumb}) {
  if (image.dataset.shows === src) return;
  image.dataset.shows = src;
  clearTimeout(resting[image.id]);
  image.src = thumb ?? src;
  if (thumb) resting[image.id] = setTimeout(() => { image.src = src; }, 250);
}

function split(percent) {
  view.split = clamp(percent, 0, 100);
  $("split").value = view.split;
  $("stage").style.setProperty("--split", `${view.split}%`);
  save();
}

function save() {
  try { sessionStorage.setItem(stored, JSON.stringify(view)); } catch { /* nothing is kept then */ }
}

// The weighted losses are shown; those of single layers, and those too small to be seen in the total, wait for a tick.
function loadLosses() {
  const {epoch = [], seconds, long_edge, relative_change, ...losses} = run.losses;
  lines = Object.entries(losses).map(([name, values], i) => {
    const thin = name.includes(":"), seen = Math.max(...values) > 1e-4 * Math.max(...losses.total);
    const shown = view.curves[name] ?? (seen && !thin);
    const colour = `var(--line-${i % 8})`, dashes = DASHES[i % DASHES.length];
    return {name, thin, shown, values, epoch, seconds, long_edge, colour, dashes};
  });
  const toggle = line => { view.curves[line.name] = line.shown; redraw(); save(); };
  drawKeys($("sums"), lines.filter(line => !line.thin), toggle);
  drawKeys($("layers"), lines.filter(line => line.thin), toggle);
  $("losses").hidden = !epoch.length;
}

function redraw() {
  if ($("losses").hidden) return;
  const {epoch, seconds, long_edge} = run.losses, total = lines.find(line => line.name === "total");
  const starts = epoch.map((_, i) => i).filter(i => long_edge[i] !== long_edge[i - 1]);
  const steps = starts.map(i => ({epoch: epoch[i], seconds: seconds[i], label: `${long_edge[i]} px`}));
  const marks = results.map(picture => (
    {...picture, colour: total.colour, value: picture.total, chosen: picture.src === view.right}
  ));
  scales = drawChart($("chart"), lines, view.axis, {
    marks: total.shown ? marks : [],
    steps: steps.length > 1 ? steps : [],
  });
  read(results[shownResult()][view.axis]);
}

// Writes the losses at a place on the axis beside their names.
function read(position) {
  const row = nearest(run.losses[view.axis], position);
  for (const line of lines) line.reading.textContent = figure(line.values[row]);
}

function under(event) {
  const at = event.clientX - $("chart").getBoundingClientRect().left, position = scales.value(at);
  return {at, position, picture: results[nearest(results.map(picture => picture[view.axis]), position)]};
}

$("chart").onpointermove = event => {
  const {at, position, picture} = under(event), preview = $("preview");
  read(position);
  scales.rule(position);
  if (event.pointerType !== "mouse") return;
  preview.hidden = false;
  preview.style.left = `${at < $("chart").clientWidth / 2 ? at + 16 : at - 196}px`;
  preview.firstChild.src = picture.thumb ?? picture.src;
  preview.lastChild.textContent = `${picture.label} · ${duration(picture.seconds)}`;
};
$("chart").onpointerleave = () => { $("preview").hidden = true; redraw(); };
$("chart").onclick = event => {
  choose(under(event).picture);
  $("preview").hidden = true;
  $("stage").scrollIntoView({block: "nearest", behavior: "smooth"});
};

for (const side of ["left", "right"]) $(side).onchange = () => { view[side] = $(side).value; show(); };
for (const radio of document.getElementsByName("axis")) {
  radio.checked = radio.value === view.axis;
  radio.onchange = () => { view.axis = radio.value; redraw(); save(); };
}
$("split").oninput = () => split(+$("split").value);
$("scrubber").oninput = () => choose(results[$("scrubber").value]);
onKey({
  ArrowLeft: () => step(-1), ArrowRight: () => step(1),
  Home: () => step(-results.length), End: () => step(results.length),
  " ": () => $("play").click(), c: () => onTheLeft("content"), s: () => onTheLeft("style"),
  f: () => document.fullscreenElement ? document.exitFullscreen() : $("screen").requestFullscreen?.(),
  "?": () => $("help").showModal(),
});
$("keyboard").onclick = () => $("help").showModal();
addEventListener("resize", redraw);

$("play").onclick = () => {
  const stop = () => { clearInterval(playing); playing = undefined; $("play").textContent = "Play"; };
  if (playing) return stop();
  if (shownResult() === results.length - 1) choose(results[0]);
  $("play").textContent = "Pause";
  const pause = clamp(8000 / results.length, 80, 500);
  playing = setInterval(() => shownResult() < results.length - 1 ? step(1) : stop(), pause);
};

// While the run goes on, the page looks every two seconds at its own file in a hidden frame (nothing else may read a
// file from file://), and takes over what has changed. In that frame it only sends its contents up.
const contents = () => ({
  data: $("run").textContent,
  parts: Object.fromEntries([...document.querySelectorAll("[data-live]")].map(part => [part.id, part.innerHTML])),
});

function keepCurrent() {
  const frame = document.createElement("iframe");
  let seen = contents();
  frame.hidden = true;
  const look = setInterval(() => {
    if (document.hidden) return;
    frame.src = `${location.pathname}?sent-up=${Date.now()}`;
    document.body.append(frame);
  }, 2000);
  addEventListener("message", ({source, data: news}) => {
    if (source !== frame.contentWindow) return;
    frame.remove();
    for (const id in news.parts) if (news.parts[id] !== seen.parts[id]) $(id).innerHTML = news.parts[id];
    if (news.data !== seen.data) load(news.data);
    seen = news;
    if (!run.running) clearInterval(look);
  });
}

if (parent !== window && location.search.startsWith("?sent-up=")) {
  parent.postMessage(contents(), "*");
} else {
  load($("run").textContent);
  zoomable($("stage"), view, {onChange: save, onDrag: place => split(100 * place.x)});
  if ($("paint-again")) offerChanges(run.recipe);
  if (run.running) keepCurrent();
}
