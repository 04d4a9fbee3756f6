// The page of a film: two players that keep step, the result's leading, and the flicker of each frame.
const player = JSON.parse($("player").textContent);
const original = $("original"), result = $("result"), {frame, ...errors} = player.frames;
const names = {error: "result", film_error: "original"};
let chart;

const lines = Object.entries(errors).map(([name, values], i) => (
  {name: names[name], values, epoch: frame, long_edge: frame.map(() => 0), shown: true, colour: `var(--line-${i})`}
));

// Frames from 0; half a frame further, for the beginning of one may still show the one before.
const current = () => clamp(Math.floor(result.currentTime * player.rate + 1e-3), 0, Math.max(0, player.painted - 1));

function go(to) {
  result.pause();
  result.currentTime = (clamp(to, 0, player.painted - 1) + 0.5) / player.rate;
}

function show() {
  const at = current(), number = frame[at];
  if (Math.abs(original.currentTime - result.currentTime) > (result.paused ? 0.001 : 1.5 / player.rate)) {
    original.currentTime = result.currentTime;
  }
  $("scrubber").value = at;
  const scene = player.scenes.filter(begins => begins <= number).length;
  $("caption").textContent = `frame ${number ?? at + 1}${player.scenes.length > 1 ? `, scene ${scene}` : ""}`;
  for (const line of lines) line.reading.textContent = figure(line.values[at]);
  chart?.rule(number);
}

function redraw() {
  if ($("steadiness").hidden) return;
  const steps = player.scenes.slice(1).map(begins => ({epoch: begins, label: "new scene"}));
  chart = drawChart($("chart"), lines, "epoch", {steps});
  show();
}

function toggle() {
  if (!result.paused) return result.pause();
  if (result.ended) result.currentTime = 0;
  return result.play();
}

for (const film of [original, result]) {
  const say = () => { $("unplayable").hidden = false; };
  film.onerror = say;
  if (film.error) say();
}
result.onplay = () => { original.play(); $("play").textContent = "Pause"; follow(); };
result.onpause = () => { original.pause(); $("play").textContent = "Play"; show(); };
result.onseeked = show;
function follow() { show(); if (!result.paused) requestAnimationFrame(follow); }

$("play").onclick = toggle;
$("sound").onchange = () => { result.muted = !$("sound").checked; };
$("scrubber").oninput = event => go(+event.target.value);
$("split").oninput = event => $("stage").style.setProperty("--split", `${event.target.value}%`);
$("stage").style.setProperty("--split", "50%");
$("chart").onclick = event => {
  if (chart) go(nearest(frame, chart.value(event.clientX - $("chart").getBoundingClientRect().left)));
};
onKey({
  ArrowLeft: () => go(current() - 1), ArrowRight: () => go(current() + 1), " ": toggle,
  Home: () => go(0), End: () => go(player.painted - 1),
});

drawKeys($("keys"), lines, redraw);
$("steadiness").hidden = !lines.some(line => line.values.some(value => value > 0));
addEventListener("resize", redraw);
redraw();
show();
