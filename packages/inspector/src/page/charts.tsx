import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Sample } from '../api/index.js';
import { formatMs, pathName } from './format.js';

const HEIGHT = 130;
/** From the bottom up. */
const PATHS = ['offline', 'relay', 'turn', 'p2p'] as const;

/** What one chart shows of the samples. */
interface Plot {
  readonly title: string;
  readonly series: readonly {
    readonly label: string;
    /** The name of a colour in inspector.css. */
    readonly color: string;
    readonly value: (sample: Sample) => number | null;
  }[];
  readonly format: (value: number) => string;
  /** The values that the axis shows, where these are few. The line has steps then. */
  readonly values?: readonly number[];
}

const PLOTS: readonly Plot[] = [
  {
    title: 'Round trip',
    series: [{ label: 'round trip', color: '--host', value: ({ rttMs }) => rttMs }],
    format: formatMs,
  },
  {
    title: 'Throughput',
    series: [
      { label: 'to the viewer', color: '--app', value: ({ down }) => down },
      { label: 'from the viewer', color: '--viewer', value: ({ up }) => up },
    ],
    format: (bytes) => `${formatBytes(bytes)}/s`,
  },
  {
    title: 'Path',
    series: [{ label: 'path', color: '--path', value: ({ path }) => PATHS.indexOf(path) }],
    format: (index) => pathName(PATHS[index] ?? 'offline'),
    values: [0, 1, 2, 3],
  },
];

/** Round trip, throughput and path of a viewer, over the last ten minutes. */
export function Charts({ samples }: { readonly samples: readonly Sample[] }): VNode {
  return (
    <div class="charts">
      {PLOTS.map((plot) => (
        <Chart key={plot.title} plot={plot} samples={samples} />
      ))}
    </div>
  );
}

function Chart({
  plot,
  samples,
}: {
  readonly plot: Plot;
  readonly samples: readonly Sample[];
}): VNode {
  const place = useRef<HTMLDivElement | null>(null);
  const chart = useRef<uPlot | null>(null);
  useEffect(() => {
    const { current: element } = place;
    if (element === null) return;
    const made = new uPlot(optionsOf(plot, element), dataOf(plot, samples), element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [plot]);
  useEffect(() => chart.current?.setData(dataOf(plot, samples)), [samples]);
  const last = samples.at(-1);
  const now = plot.series.map(({ value }) => (last === undefined ? null : value(last)));
  const words = now.map((value) => (value === null ? '–' : plot.format(value))).join(' / ');
  return (
    <figure>
      <figcaption>
        {plot.title} <strong>{words}</strong>
        {plot.series.length > 1 ? <Legend plot={plot} /> : null}
      </figcaption>
      <div ref={place} role="img" aria-label={`${plot.title} over ten minutes, now ${words}`} />
    </figure>
  );
}

function Legend({ plot: { series } }: { readonly plot: Plot }): VNode {
  return (
    <span class="legend">
      {series.map(({ label, color }) => (
        <span key={label}>
          <i style={{ background: `var(${color})` }} /> {label}
        </span>
      ))}
    </span>
  );
}

function dataOf({ series }: Plot, samples: readonly Sample[]): uPlot.AlignedData {
  const times = samples.map(({ at }) => at / 1_000);
  return [times, ...series.map(({ value }) => samples.map(value))];
}

function optionsOf({ series, format, values }: Plot, element: HTMLElement): uPlot.Options {
  // A canvas doesn't know the variables of a style sheet.
  const color = (name: string): string => getComputedStyle(element).getPropertyValue(name);
  const stepped = values === undefined ? undefined : uPlot.paths.stepped?.({ align: 1 });
  const shape = { points: { show: false }, ...(stepped !== undefined && { paths: stepped }) };
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--edge') }, size: 70 };
  return {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    series: [
      {},
      ...series.map(({ label, color: name }) => ({
        label,
        stroke: color(name),
        width: 2,
        ...shape,
      })),
    ],
    scales: { y: { range: values === undefined ? rangeOf : stepsOf(values) } },
    axes: [
      { ...axis, size: 30 },
      {
        ...axis,
        values: (_chart, splits) => splits.map(format),
        ...(values !== undefined && { splits: () => [...values] }),
      },
    ],
  };
}

/** From the lowest value to the highest, with room for the line's width. */
function stepsOf(values: readonly number[]): [number, number] {
  return [Math.min(...values) - 0.1, Math.max(...values) + 0.1];
}

/** Axes begin at zero, so that small changes look small. */
function rangeOf(_chart: uPlot, _least: number, most: number): [number, number] {
  return [0, Math.max(most * 1.1, 1)];
}
