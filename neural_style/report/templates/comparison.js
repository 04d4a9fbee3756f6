// The page that compares runs: one picture of each, made at the same epoch.
const runs = JSON.parse($("runs").textContent), frames = document.querySelectorAll("#stage figure");
for (const run of runs) run.results = run.pictures.filter(picture => picture.epoch != null);
const epochs = [...new Set(runs.flatMap(run => run.results.map(picture => picture.epoch)))].sort((a, b) => a - b);
const names = new Set(runs.flatMap(run => Object.keys(run.losses)));
for (const name of ["epoch", "seconds", "long_edge", "relative_change"]) names.delete(name);
const lines = runs.map((run, i) => (
  {name: run.name, run, shown: true, thin: i >= 8, colour: `var(--line-${(i + 1) % 8})`, dashes: DASHES[i % DASHES.length]}
));
const view = {zoom: 1, x: 0, y: 0, at: epochs.length - 1, axis: "epoch"};
let scales;

// The picture that a run had made by then, or its first one.
const upTo = (run, epoch) => run.results.findLast(picture => picture.epoch <= epoch) ?? run.results[0];

function show(at) {
  view.at = clamp(at, 0, epochs.length - 1);
  const epoch = epochs[view.at];
  $("scrubber").value = view.at;
  $("scrubber").setAttribute("aria-valuetext", `Epoch ${epoch}`);
  $("caption").textContent = `Epoch ${epoch}`;
  runs.forEach((run, i) => {
    const picture = upTo(run, epoch), [image, caption] = frames[i].querySelectorAll("img, figcaption span");
    if (image.getAttribute("src") !== picture.src) image.src = picture.src;
    image.alt = `${run.name}: ${picture.label}`;
    caption.textContent = `${picture.label} · ${duration(picture.seconds)} · total ${figure(picture.total)}`;
  });
  redraw();
}

function redraw() {
  for (const line of lines) {
    const {epoch = [], seconds = [], long_edge = []} = line.run.losses;
    Object.assign(line, {epoch, seconds, long_edge, values: line.run.losses[$("loss").value] ?? []});
  }
  const marks = lines.filter(line => line.shown).flatMap(({run, colour}) => run.results.map(picture => (
    {...picture, colour, value: picture.total, chosen: picture === upTo(run, epochs[view.at])}
  )));
  scales = drawChart($("chart"), lines, view.axis, {marks: $("loss").value === "total" ? marks : []});
  for (const line of lines) read(line, upTo(line.run, epochs[view.at])[view.axis]);
}

function read(line, position) {
  line.reading.textContent = figure(line.values[nearest(line[view.axis], position)]);
}

const under = event => scales.value(event.clientX - $("chart").getBoundingClientRect().left);

$("chart").onpointermove = event => {
  scales.rule(under(event));
  for (const line of lines) read(line, under(event));
};
$("chart").onpointerleave = redraw;
$("chart").onclick = event => {
  const pictures = lines.filter(line => line.shown).flatMap(line => line.run.results);
  const picture = pictures[nearest(pictures.map(picture => picture[view.axis]), under(event))];
  if (picture) show(epochs.indexOf(picture.epoch));
  $("stage").scrollIntoView({block: "nearest", behavior: "smooth"});
};
for (const radio of document.getElementsByName("axis")) radio.onchange = () => { view.axis = radio.value; redraw(); };
$("loss").append(...[...names].map(name => new Option(name)));
$("loss").onchange = redraw;
$("scrubber").max = epochs.length - 1;
$("scrubber").oninput = () => show(+$("scrubber").value);
onKey({
  ArrowLeft: () => show(view.at - 1), ArrowRight: () => show(view.at + 1),
  Home: () => show(0), End: () => show(epochs.length - 1),
});
addEventListener("resize", redraw);
drawKeys($("keys"), lines, redraw);
zoomable($("stage"), view, {});
show(view.at);
