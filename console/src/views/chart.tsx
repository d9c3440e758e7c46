// The customer's frustration as a line. uPlot comes with the first call that is looked at, not with the page.

import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { clock } from "../format";
import { seek } from "../moment";
import type { Mood } from "../overview";

const HEIGHT = 58;
/** From here on the customer counts as frustrated (detectors/frustration.py). */
const FRUSTRATED = 0.5;
const MOST = 3;

export function FrustrationLine({ mood, end, label }: { mood: Mood; end: number; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const now = useRef({ mood, end });
  now.current = { mood, end };
  useEffect(() => {
    const frame = box.current;
    if (!frame) return;
    let gone = false;
    void import("./uplot").then(({ Plot }) => {
      if (!gone) chart.current = new Plot(options(frame.clientWidth, () => now.current.end), dataOf(now.current.mood), frame);
    });
    const sizes = new ResizeObserver(() => chart.current?.setSize({ width: frame.clientWidth, height: HEIGHT }));
    sizes.observe(frame);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => chart.current?.redraw(false, true);
    scheme.addEventListener("change", repaint);
    return () => {
      gone = true;
      sizes.disconnect();
      scheme.removeEventListener("change", repaint);
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.setData(dataOf(mood)), [mood, end]);
  const click = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    seek((end * (event.clientX - left)) / width);
  };
  return <div class="chart" ref={box} role="img" aria-label={label} onClick={click} data-testid="frustration-line" />;
}

function dataOf({ at, level, most }: Mood): uPlot.AlignedData {
  return [[...at], most ? [...level] : at.map(() => null)];
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width: number, end: () => number): uPlot.Options {
  return {
    width,
    height: HEIGHT,
    padding: [2, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: () => [0, end()] }, y: { range: () => [0, MOST] } },
    axes: [
      {
        size: 20,
        space: 70,
        stroke: () => token("--text-3"),
        font: `11px ${token("--font")}`,
        grid: { stroke: () => token("--line"), width: 1 },
        ticks: { stroke: () => token("--line"), width: 1, size: 4 },
        incrs: [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200],
        // A label at either end would be cut in half.
        values: (_, splits) => splits.map((at) => (at > 0 && at < end() * 0.97 ? clock(at) : "")),
      },
      { show: false },
    ],
    series: [{}, { stroke: () => token("--harmful-line"), width: 1.5, fill: () => token("--harmful-soft"), points: { show: false } }],
    hooks: { drawAxes: [threshold] },
  };
}

function threshold(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(FRUSTRATED, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = token("--line-strong");
  ctx.setLineDash([3, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
